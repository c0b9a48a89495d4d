import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { graphql, ITEMS, START, startSync, USER, WAREHOUSE } from './shiphero-calls';

const QUOTA = '{ user_quota { credits_remaining max_available increment_rate } }';

const clock = { ms: 1_700_000_000_000 };
let twin: ShipheroTwin;
beforeAll(async () => {
  twin = await startShipheroTwin({ now: () => clock.ms });
});
afterAll(() => twin.stop());
beforeEach(() => {
  twin.reset();
  twin.setFaults([{ kind: 'stuck' }]);
});

const credits = () => twin.state().creditsRemaining[USER];
const violation = (name: string) => twin.state().violations[name];

it('says what is left, what there can be and how fast it comes back', async () => {
  twin.setState({ creditsRemaining: { [USER]: 101 } });
  expect((await graphql(twin, QUOTA)).data).toEqual({
    user_quota: { credits_remaining: 100, max_available: 4004, increment_rate: 60 },
  });
  clock.ms += 1500;
  expect(credits()).toBe(190);
  clock.ms += 3_600_000;
  expect(credits()).toBe(4004);
});

it.each([
  ['a status', '{ inventory_sync_status(id: "$id") { complexity } }', 1],
  [
    'a list of the usual length',
    '{ inventory_sync_items_status(id: "$id") { complexity data { edges { cursor } } } }',
    101,
  ],
  ['a list of 3', '{ inventory_sync_statuses { complexity data(first: 3) { edges { cursor } } } }', 4],
  ['the last 7', '{ inventory_sync_statuses { complexity data(last: 7) { edges { cursor } } } }', 8],
  ['a list that is not read', '{ inventory_sync_statuses { complexity } }', 1],
  [
    'a list in a fragment',
    'query { inventory_sync_statuses { ...F } } fragment F on InventorySyncBatchesQueryResult { complexity data(first: 5) { edges { cursor } } }',
    6,
  ],
  ['a mutation', 'mutation { inventory_sync_abort(data: { sync_id: "$id" }) { complexity } }', 10],
])('%s costs what it says', async (_what, query, cost) => {
  const id = await startSync(twin, 'http://127.0.0.1:9/never.csv');
  const before = credits() ?? 0;
  const { data, errors } = await graphql(twin, query.replace('$id', id));
  expect(errors).toEqual([]);
  expect(JSON.stringify(data)).toContain(`"complexity":${cost}`);
  expect(before - (credits() ?? 0)).toBe(cost);
});

it('adds up several operations of one request, with page sizes from variables', async () => {
  const query = `query ($n: Int = 20) { a: inventory_sync_statuses { data(first: $n) { edges { cursor } } }
    b: inventory_sync_statuses { data(first: 2) { edges { cursor } } } ...Q } fragment Q on Query { user_quota { max_available } }`;
  await graphql(twin, query, { n: 30 });
  expect(credits()).toBe(4004 - 31 - 3 - 1);
  expect(twin.state().operations).toEqual({ inventory_sync_statuses: 2, user_quota: 1 });
  clock.ms += 60_000;
  await graphql(twin, query);
  expect(credits()).toBe(4004 - 21 - 3 - 1);
});

it('throttles with HTTP 200 and code 30, does nothing, and lets the same request pass after the time that it named', async () => {
  twin.setState({ mutationCost: 250, creditsRemaining: { [USER]: 11 } });
  const data = { url: 'http://127.0.0.1:9/never.csv', warehouse_id: WAREHOUSE };
  expect(await graphql(twin, START, { data })).toMatchObject({
    status: 200,
    json: {
      errors: [
        {
          code: 30,
          message: expect.stringContaining('not enough credits'),
          operation: 'inventory_sync',
          request_id: expect.stringMatching(/^[0-9a-f]{24}$/),
          required_credits: 250,
          remaining_credits: 11,
          time_remaining: '4 seconds',
        },
      ],
      data: { inventory_sync: null },
    },
  });
  expect(twin.state().syncs).toEqual([]);
  expect({ credits: credits(), throttled: violation('throttled') }).toEqual({ credits: 11, throttled: 1 });
  clock.ms += 4000;
  expect((await graphql(twin, START, { data })).errors).toEqual([]);
});

it('refuses for good what costs more than there can be', async () => {
  const { json } = await graphql(twin, ITEMS, { id: 'any', first: 4004 });
  expect(json).toMatchObject({
    errors: [
      {
        code: 30,
        message: expect.stringContaining('maximum allowed'),
        required_credits: 4005,
        remaining_credits: 4004,
        time_remaining: null,
      },
    ],
    data: { inventory_sync_items_status: null },
  });
  expect({ credits: credits(), throttled: violation('throttled') }).toEqual({ credits: 4004, throttled: 1 });
});

it('may answer null for all data of a throttled request', async () => {
  twin.setState({ nullData: 'whole', creditsRemaining: { [USER]: 0 } });
  expect(await graphql(twin, QUOTA)).toMatchObject({ status: 200, json: { errors: [{ code: 30 }], data: null } });
});

it('answers 429 beyond the requests of a window', async () => {
  twin.setState({ rateLimit: { requests: 3, windowMs: 300_000 } });
  for (const status of [200, 200, 200, 429, 429]) expect((await graphql(twin, QUOTA)).status).toBe(status);
  expect(twin.state()).toMatchObject({ requests: { [USER]: 3 }, violations: { rateLimit: 2, throttled: 0 } });
  clock.ms += 300_000;
  expect((await graphql(twin, QUOTA)).status).toBe(200);
});

it('offers no figures of the request beside the quota, as ShipHero does not', async () => {
  expect((await graphql(twin, '{ user_quota { request_id } }')).status).toBe(400);
});

it('charges for what a list returns when told so, but lets in nobody who has not what it might cost', async () => {
  twin.setState({ chargesReturned: true, creditsRemaining: { [USER]: 100 } });
  await startSync(twin, 'https://files.example.com/a.csv');
  const list =
    'query ($first: Int) { inventory_sync_statuses { complexity data(first: $first) { edges { cursor } } } }';
  expect(credits()).toBe(90);
  expect((await graphql(twin, list, { first: 50 })).data).toMatchObject({ inventory_sync_statuses: { complexity: 2 } });
  expect(credits()).toBe(88);
  expect((await graphql(twin, list, { first: 88 })).errors).toMatchObject([{ code: 30, required_credits: 89 }]);
  expect(credits()).toBe(88);
});

it('has the limits that ShipHero names', () => {
  expect(twin.state()).toMatchObject({
    quota: { maxAvailable: 4004, incrementRate: 60 },
    rateLimit: { requests: 7000, windowMs: 300_000 },
    maxLines: 3000,
  });
});
