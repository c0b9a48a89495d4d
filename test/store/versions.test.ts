import { compareStored, compareVersions, messageIdOf, versionIdOf } from '../../src/contracts/stock';
import { seededRandom } from '../../src/twins/faults';
import { deliverAll } from './lanes';
import { draft, levelOf, linesOf, only, openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

const sorted = async (ids: readonly string[]) => {
  await stores.db.change('DELETE FROM push_lines');
  for (let at = 0; at < ids.length; at += 500)
    await stores.db.change(
      `INSERT INTO push_lines (pushId, attempt, lineNumber, connectionId, listing, locationId, revision, quantity,
         versionAtMs, versionId, verdict, sentAtMs) VALUES ?`,
      [ids.slice(at, at + 500).map((id, index) => ['order', 1, at + index, 1, '', '', 1, 1, 1, id, 'accepted', 1])],
    );
  const rows = await stores.db.select<{ versionId: string }>('SELECT versionId FROM push_lines ORDER BY versionId');
  return rows.map((row) => row.versionId);
};

/** Ids that look alike, with everything in them that a comparison may stumble over. */
function idsFrom(seed: number, count: number): string[] {
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const pieces = [
    '0',
    '00',
    '1',
    '9',
    '10',
    '99',
    '100',
    '9'.repeat(20),
    'a',
    'B',
    'b',
    '-',
    '_',
    '.',
    '~',
    '!',
    ' ',
    '\t',
    '\u0000',
  ];
  const rare = ['\u001f', '\u007f', '\u0085', 'é', '\uff5e', '\ue000', '😀', '\u{10ffff}'];
  const ids = Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(random() * 6) }, () => (random() < 0.1 ? pick(rare) : pick(pieces)))
      .join('')
      .trim(),
  );
  return [...new Set(ids.filter((id) => id !== ''))];
}

it.each([1, 2, 3])('sorts ids in SQL as in JavaScript, seed %i', async (seed) => {
  const ids = idsFrom(seed, 2_000);
  const inCode = [...ids].sort((a, b) =>
    compareVersions({ publishedAtMs: 1, messageId: a }, { publishedAtMs: 1, messageId: b }),
  );
  const inSql = await sorted(ids.map(versionIdOf));
  expect(inSql.map(messageIdOf)).toEqual(inCode);
  for (const [index, id] of inSql.entries())
    if (index > 0)
      expect(
        compareStored({ publishedAtMs: 1, versionId: id }, { publishedAtMs: 1, versionId: inSql[index - 1] ?? '' }),
      ).toBeGreaterThan(0);
});

it.each([
  ['99', '100'],
  ['evt-9', 'evt-10'],
  ['a9b', 'a10b'],
  ['9'.repeat(99), `1${'0'.repeat(99)}`],
])('lets message %j give way to %j of the same second, in whichever order they come', async (older, newer) => {
  for (const [listing, ids] of [
    [`up-${older}`, [older, newer]],
    [`down-${older}`, [newer, older]],
  ] as const) {
    const connectionId = listing.startsWith('up') ? 500 : 501;
    for (const id of ids)
      await stores.store(draft(linesOf([listing, id === newer ? 0 : 5]), { messageId: id, connectionId }));
    expect(await levelOf(stores, listing, connectionId)).toMatchObject({ desiredQuantity: 0, versionId: newer });
  }
});

it('adds up the newer parts of locations by the same order', async () => {
  const sum = { connectionId: 600, levelLocationId: '', sumLocations: true };
  for (const [id, quantity] of [
    ['10', 3],
    ['9', 7],
  ] as const)
    await stores.store(draft(linesOf(['sum', quantity, 'A']), { ...sum, messageId: id }));
  expect(await levelOf(stores, 'sum', 600)).toMatchObject({ desiredQuantity: 3, versionId: '10' });
});

it('lets what arrives win over a level of the same time that was stored before there were keys, and settles its lines', async () => {
  const { submissionId } = only(await stores.store(draft(linesOf(['old', 5]), { messageId: '100' })));
  for (const table of ['stock_levels', 'submission_lines'])
    await stores.db.change(`UPDATE ${table} SET versionId = '100' WHERE listing = 'old'`);
  expect(await levelOf(stores, 'old')).toMatchObject({ versionId: '100', desiredQuantity: 5 });
  await stores.store(draft(linesOf(['old', 0]), { messageId: '101' }));
  expect(await levelOf(stores, 'old')).toMatchObject({ versionId: '101', desiredQuantity: 0 });
  await deliverAll(stores.pushes, { connectionId: 294, batchSize: 50 });
  expect(await stores.submissions.lines(submissionId, { afterRow: 0, limit: 1 })).toMatchObject([
    { status: 'superseded', version: { messageId: '100' } },
  ]);
});
