import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kind, parse, type SelectionSetNode } from 'graphql';
import { z } from 'zod';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { call } from './calls';
import {
  csvOf,
  graphql,
  START,
  startFileHost,
  startSync,
  statusOf,
  USER,
  untilEnded,
  WAREHOUSE,
} from './shiphero-calls';

const OTHER = { username: 'other', password: 'other-word' };
const DEMO = { username: USER, password: 'demo-password' };
const QUOTA = '{ user_quota { credits_remaining max_available increment_rate } }';

const clock = { ms: Date.parse('2024-05-06T07:08:09.123Z') };
let twin: ShipheroTwin;
let host: Awaited<ReturnType<typeof startFileHost>>;
beforeAll(async () => {
  twin = await startShipheroTwin({ accounts: [DEMO, OTHER], now: () => clock.ms, rowsPerSecond: 1000 });
  host = await startFileHost();
});
afterAll(() => Promise.all([twin.stop(), host.stop()]));
beforeEach(() => twin.reset());

const token = z.object({ access_token: z.string(), refresh_token: z.string() });
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  call('POST', `${twin.url}${path}`, { body, headers });
const violations = () => Object.fromEntries(Object.entries(twin.state().violations).filter(([, count]) => count > 0));

describe('login', () => {
  it('gives a token that opens GraphQL, and refreshes it', async () => {
    const login = await post('/auth/token', DEMO);
    expect(login).toMatchObject({
      status: 200,
      json: { expires_in: 2_419_200, token_type: 'Bearer', scope: expect.any(String) },
    });
    const first = token.parse(login.json);
    expect((await graphql(twin, QUOTA, {}, first.access_token)).status).toBe(200);
    const refreshed = await post('/auth/refresh', { refresh_token: first.refresh_token });
    expect(refreshed).toMatchObject({ status: 200, json: { expires_in: 2_419_200, token_type: 'Bearer' } });
    const second = token.parse(refreshed.json);
    expect(second.access_token).not.toBe(first.access_token);
    expect((await graphql(twin, QUOTA, {}, second.access_token)).status).toBe(200);
    expect(twin.state()).toMatchObject({ logins: { [USER]: 1 }, refreshes: { [USER]: 1 }, liveTokens: 2 });
    expect(JSON.stringify(twin.log())).not.toContain(first.refresh_token);
    expect(violations()).toEqual({});
  });

  it('refuses wrong passwords, bodies and refresh tokens', async () => {
    expect((await post('/auth/token', { ...DEMO, password: 'wrong' })).status).toBe(401);
    expect((await post('/auth/token', { email: USER })).status).toBe(400);
    expect((await post('/auth/refresh', { refresh_token: 'made-up' })).status).toBe(401);
    const { refresh_token } = token.parse((await post('/auth/token', DEMO)).json);
    twin.setState({ refreshRefused: true });
    expect((await post('/auth/refresh', { refresh_token })).status).toBe(401);
    expect(violations()).toEqual({ badLogin: 3, badBody: 1 });
  });

  it('answers 401 to a missing, unknown, expired and killed token', async () => {
    expect((await post('/graphql', { query: QUOTA })).status).toBe(401);
    expect((await graphql(twin, QUOTA, {}, 'made-up')).status).toBe(401);
    const { access_token, refresh_token } = token.parse((await post('/auth/token', DEMO)).json);
    clock.ms += 2_419_200_000;
    expect((await graphql(twin, QUOTA, {}, access_token)).status).toBe(401);
    const renewed = token.parse((await post('/auth/refresh', { refresh_token })).json).access_token;
    twin.setFaults([{ kind: 'expire-token', times: 1 }]);
    expect((await graphql(twin, QUOTA, {}, renewed)).status).toBe(401);
    expect(violations()).toEqual({ missingToken: 1, unknownToken: 1, deadToken: 2 });
  });
});

/** Says which fields of the selection the answer lacks; `null` is an answer. */
function missingFields(selection: SelectionSetNode | undefined, answer: unknown, path = ''): string[] {
  if (selection === undefined || answer === null) return [];
  if (Array.isArray(answer)) return answer.flatMap((one) => missingFields(selection, one, path));
  const fields = z.record(z.string(), z.unknown()).parse(answer);
  return selection.selections.flatMap((one) => {
    if (one.kind !== Kind.FIELD) throw new Error('the source has no fragments');
    const here = `${path}/${one.name.value}`;
    return one.name.value in fields ? missingFields(one.selectionSet, fields[one.name.value], here) : [here];
  });
}

describe('the operations printed in the source', () => {
  const FOLDER = join(__dirname, '../fixtures/shiphero');
  const printed = readdirSync(FOLDER).filter((name) => name.endsWith('.graphql'));

  const untilEndedOnClock = async (id: string) => {
    const ticking = setInterval(() => {
      clock.ms += 1000;
    }, 5);
    await untilEnded(twin, id).finally(() => clearInterval(ticking));
  };

  it('are five', () => expect(printed).toHaveLength(5));

  it.each(printed)('%s runs unchanged and answers every field that it names', async (name) => {
    const query = readFileSync(join(FOLDER, name), 'utf8');
    const ids = query.match(/[0-9a-f]{24}/g) ?? ['5d9624b054de070001fd315a'];
    twin.setState({ nextSyncIds: ids });
    const isRead = name.includes('items-status');
    // Nothing is downloaded from an address that is only an example, and a sync that rests can be aborted.
    if (!isRead) twin.setFaults([{ kind: 'stuck' }]);
    const id = await startSync(twin, host.serve('/inv-sync.csv', csvOf('45933041,10,replace,Recount')));
    if (isRead) await untilEndedOnClock(id);
    const { status, data, errors } = await graphql(twin, query);
    expect({ status, errors }).toEqual({ status: 200, errors: [] });
    const [operation] = parse(query).definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
    expect(missingFields(operation.selectionSet, data)).toEqual([]);
    expect(JSON.stringify(data)).toMatch(/"(sync_id|node|data|sync)":/);
  });

  it('answers ids, counts and times in the shapes of the source', async () => {
    twin.setFaults([{ kind: 'stuck' }]);
    const id = await startSync(twin, `http://${host.host}/x.csv`);
    expect(id).toMatch(/^[0-9a-f]{24}$/);
    const query = `{ inventory_sync_status(id: "${id}") { request_id complexity data {
      url user_id account_id warehouse_id customer_account_id total_count status error created_at updated_at } } }`;
    expect((await graphql(twin, query)).data).toEqual({
      inventory_sync_status: {
        request_id: expect.stringMatching(/^[0-9a-f]{24}$/),
        complexity: 1,
        data: {
          url: `http://${host.host}/x.csv`,
          user_id: Buffer.from('User:1').toString('base64'),
          account_id: Buffer.from('Account:1').toString('base64'),
          warehouse_id: WAREHOUSE,
          customer_account_id: null,
          total_count: 0,
          status: 'pending',
          error: null,
          created_at: `${new Date(clock.ms).toISOString().slice(0, 19)}+00:00`,
          updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
        },
      },
    });
  });
});

describe('requests that make no sense', () => {
  it.each([
    ['broken GraphQL', '{ inventory_sync_status('],
    ['an unknown field', '{ inventory_sync_status(id: "1") { colour } }'],
    ['a missing argument', '{ inventory_sync_status { request_id } }'],
    ['a variable that is not given', 'query ($id: String!) { inventory_sync_status(id: $id) { request_id } }'],
    ['no operation', 'fragment F on PageInfo { endCursor }'],
  ])('get 400 and errors for %s', async (_what, query) => {
    expect(await graphql(twin, query)).toMatchObject({
      status: 400,
      json: { errors: [{ message: expect.any(String) }] },
    });
    expect(violations()).toEqual({ badBody: 1 });
  });

  it('get 400 for a body without a query, and 404 elsewhere', async () => {
    const headers = { authorization: `Bearer ${twin.issueToken(USER)}` };
    expect((await post('/graphql', { q: '{}' }, headers)).status).toBe(400);
    expect((await post('/graphql', 'no JSON', headers)).status).toBe(400);
    expect((await post('/elsewhere', {}, headers)).status).toBe(404);
    expect(violations()).toEqual({ badBody: 2, unknownRoute: 1 });
  });

  it('get errors beside null for an unknown sync, address, warehouse and cursor', async () => {
    twin.setState({ knownWarehouses: [WAREHOUSE] });
    expect(await graphql(twin, '{ inventory_sync_status(id: "nope") { request_id } }')).toMatchObject({
      status: 200,
      json: {
        errors: [
          {
            code: 5,
            message: 'Sync not found',
            operation: 'inventory_sync_status',
            field: 'inventory_sync_status',
            request_id: expect.any(String),
          },
        ],
        data: { inventory_sync_status: null },
      },
    });
    for (const data of [
      { url: 'ftp://127.0.0.1/x.csv', warehouse_id: WAREHOUSE },
      { url: 'x.csv', warehouse_id: WAREHOUSE },
      { url: `http://${host.host}/x.csv`, warehouse_id: 'elsewhere' },
    ])
      expect(await graphql(twin, START, { data })).toMatchObject({ status: 200, data: { inventory_sync: null } });
    const query = '{ inventory_sync_statuses { data(after: "x") { edges { cursor } } } }';
    expect((await graphql(twin, query)).errors).toMatchObject([{ message: 'Invalid cursor' }]);
    expect(twin.state().syncs).toEqual([]);
  });

  it("hides one account's syncs from another", async () => {
    twin.setFaults([{ kind: 'stuck' }]);
    const id = await startSync(twin, `http://${host.host}/x.csv`);
    const other = twin.issueToken('other');
    const query = `{ inventory_sync_status(id: "${id}") { request_id } inventory_sync_statuses { data { edges { cursor } } } }`;
    expect((await graphql(twin, query, {}, other)).data).toEqual({
      inventory_sync_status: null,
      inventory_sync_statuses: { data: { edges: [] } },
    });
    expect(violations()).toEqual({ foreignSync: 1 });
    expect(await statusOf(twin, id)).toMatchObject({ id });
  });
});
