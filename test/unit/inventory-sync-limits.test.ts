import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { costOf, readDocument } from '../../src/starter/inventory-sync/limits';
import { cpuSecondsOf } from '../stand/cpu-time';

const read = (query: string, introspection = false) => readDocument(query, { introspection });
const faults = (query: string, introspection = false) => {
  const found = read(query, introspection);
  return 'errors' in found ? found.errors.map(({ message }) => message) : [];
};
function credits(query: string, variables: Record<string, unknown> = {}, operationName?: string): number {
  const found = read(query);
  if ('errors' in found) throw new Error(found.errors.join('; '));
  return costOf(found.document, variables, operationName).credits;
}
const printed = (name: string) => readFileSync(join(__dirname, '../fixtures/shiphero', `${name}.graphql`), 'utf8');
const items = (selection: string) => `{ inventory_sync_items_status(id: "x") { ${selection} } }`;

it.each([
  ['inventory-sync', 10],
  ['inventory-sync-abort', 10],
  ['inventory-sync-statuses', 4],
  ['inventory-sync-status', 1],
  ['inventory-sync-items-status', 101],
])('prices the printed operation %s at %d', (name, price) => {
  expect(credits(printed(name))).toBe(price);
});

it.each([
  ['a list without a size', items('data { edges { node { sku } } }'), 101],
  ['a list by its last nodes', items('data(last: 7) { edges { cursor } }'), 8],
  ['a list of nothing', items('data(first: 0) { edges { cursor } }'), 1],
  ['a negative size, which is refused later', items('data(first: -5) { edges { cursor } }'), 1],
  ['no list', items('request_id'), 1],
  ['only the page’s own data', items('data(first: 5) { pageInfo { hasNextPage } }'), 6],
  ['two lists', items('a: data(first: 5) { edges { cursor } } b: data(first: 6) { edges { cursor } }'), 12],
  ['aliases of the root', `{ a: inventory_sync_status(id: "x") { request_id } b: __typename }`, 1],
  [
    'a list in a fragment',
    `{ inventory_sync_statuses { ...f } } fragment f on InventorySyncBatchesQueryResult { data(first: 3) { edges { cursor } } }`,
    4,
  ],
])('prices %s', (_what, query, price) => {
  expect(credits(query)).toBe(price);
});

it('prices by the values of variables, and their defaults', () => {
  const query = `query($n: Int = 9) { inventory_sync_statuses { data(first: $n) { edges { cursor } } } }`;
  expect([credits(query), credits(query, { n: 4_000 })]).toEqual([10, 4_001]);
});

it('prices only the operation that is asked for, and nothing that is skipped', () => {
  const query = `query a { inventory_sync_status(id: "x") { request_id } }
    query b($no: Boolean!) { inventory_sync_statuses { data(first: 50) @skip(if: $no) { edges { cursor } } } }`;
  expect([credits(query, {}, 'a'), credits(query, { no: true }, 'b'), credits(query, { no: false }, 'b')]).toEqual([
    1, 1, 51,
  ]);
});

it('prices a list again for the aliases that multiply its answer', () => {
  const fields = Array.from({ length: 51 }, (_, index) => `a${index}: sku`).join(' ');
  expect(credits(items(`data(first: 10) { edges { node { ${fields} } } }`))).toBe(1 + 10 * 3);
  const edges = Array.from({ length: 6 }, (_, index) => `a${index}: edges { cursor }`).join(' ');
  expect(credits(items(`data(first: 10) { ${edges} }`))).toBe(1 + 10 * 6);
});

it.each([
  ['nothing', '', /Syntax Error/],
  ['no GraphQL', 'inventory_sync', /Syntax Error/],
  ['an unknown field', '{ user }', /Cannot query field "user"/],
  ['a missing argument', '{ inventory_sync_status { request_id } }', /argument "id" of type "String!" is required/],
  ['more tokens than 2,000', `{ ${'__typename '.repeat(2_000)} }`, /Document contains more .* 2000 tokens/],
  [
    'fragments in a circle',
    '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }',
    /Cannot spread fragment "a" within itself/,
  ],
])('refuses %s', (_what, query, message) => {
  expect(faults(query)[0]).toMatch(message);
});

it('tells of the schema only what it is allowed to', () => {
  expect(faults(getIntrospectionQuery())[0]).toMatch(/introspection/i);
  expect(faults('{ __type(name: "Query") { name } }')[0]).toMatch(/introspection/i);
  expect(faults('{ __typename }')).toEqual([]);
  expect(faults(getIntrospectionQuery(), true)).toEqual([]);
  // A hint at a name is a piece of the schema.
  expect(faults('{ inventory_sync_statu }')).toEqual(['Cannot query field "inventory_sync_statu" on type "Query".']);
});

it('refuses what is too deep', () => {
  const types = (levels: number) =>
    `{ __schema { types { ${'ofType { '.repeat(levels)} name ${'} '.repeat(levels)} } } }`;
  expect(faults(types(9), true)).toEqual([]);
  expect(faults(types(10), true)[0]).toMatch(/exceeds operation depth limits: field __Type.ofType nested 10 times/);
});

it.each([
  ['the same field over and over', `{ inventory_sync_statuses { ${'request_id '.repeat(1_900)} } }`],
  [
    'fragments that double each other',
    `{ inventory_sync_statuses { ...f0 } } ${Array.from(
      { length: 60 },
      (_, index) =>
        `fragment f${index} on InventorySyncBatchesQueryResult { ...f${index + 1} a${index}: request_id ...f${index + 1} }`,
    ).join(' ')} fragment f60 on InventorySyncBatchesQueryResult { complexity }`,
  ],
  ['many faults', `{ ${Array.from({ length: 600 }, (_, index) => `x${index}`).join(' ')} }`],
])('reads %s without getting stuck', (_what, query) => {
  const seconds = cpuSecondsOf(() => {
    const found = read(query);
    if (!('document' in found)) return;
    try {
      costOf(found.document, {}, undefined);
    } catch (error) {
      expect(error).toMatchObject({ message: 'Query exceeds the maximum allowed number of nodes.' });
    }
  });
  expect(seconds).toBeLessThan(20);
});
