import { z } from 'zod';
import { connectorFor } from '../../src/connectors/registry';
import { createStockIntake } from '../../src/starter/stock-intake';
import { storeSubmissions } from '../../src/store/intake';
import inventoryEvent from '../fixtures/events/inventory.json';
import { type Stand, startStand } from '../stand/stand';
import { postText, problemIn } from './gateway-client';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand({ worker: false });
});
afterAll(() => stand.stop());

const accepted = z.object({
  submissionId: z.string(),
  status: z.string(),
  warnings: z.array(z.object({ kind: z.string(), path: z.string(), message: z.string() })).optional(),
});
const keyed = () => ({ 'x-api-key': stand.keys.spykar });
const postRaw = (text: string) => postText(stand, '/events/inventory', text, keyed());
const post = (variantId: string, locationInventory: unknown, changes: object) =>
  postRaw(
    JSON.stringify({
      ...inventoryEvent,
      ...changes,
      inventoryList: [{ productId: 'N', variantId, locationInventory, locationId: 'POB1' }],
    }),
  );
const take = async (...given: Parameters<typeof post>) => accepted.parse((await post(...given)).json);
const desired = async (variantId: string) => {
  const [level] = await stand.stores.levels.find(Number(inventoryEvent.connectionId), `N/${variantId}`);
  return level?.desiredQuantity;
};
const submissionOf = async (id: string) => (await postText(stand, `/submissions/${id}`, '', keyed(), 'GET')).json;
const warnings = async (kind: string) => {
  const text = await (await fetch(`${stand.gatewayUrl}/metrics`)).text();
  const [, count = '0'] =
    new RegExp(`^stockbridge_event_warnings_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text) ?? [];
  return Number(count);
};

describe('of two events of one second', () => {
  it.each([
    ['numbers', 999_999_999, 1_000_000_000],
    ['texts', '99', '100'],
    ['words', 'evt-9', 'evt-10'],
  ])('the one with the higher number is the newer: %s', async (name, older, newer) => {
    expect(await take(`up-${name}`, 5, { message_id: older })).toMatchObject({ status: 'accepted' });
    expect(await take(`up-${name}`, 0, { message_id: newer })).toMatchObject({ status: 'accepted' });
    expect(await take(`down-${name}`, 0, { message_id: `d${newer}` })).toMatchObject({ status: 'accepted' });
    expect(await take(`down-${name}`, 5, { message_id: `d${older}` })).toMatchObject({ status: 'superseded' });
    expect([await desired(`up-${name}`), await desired(`down-${name}`)]).toEqual([0, 0]);
  });

  it('shows the id as it was sent', async () => {
    const { submissionId } = await take('shown', 5, { message_id: 'evt-0010' });
    const { json } = await postText(stand, `/submissions/${submissionId}/lines`, '', keyed(), 'GET');
    expect(json).toMatchObject({ lines: [{ version: { messageId: 'evt-0010' } }] });
    const path = `/stock?connectionId=${inventoryEvent.connectionId}&listing=N/shown`;
    const view = await postText(stand, path, '', keyed(), 'GET');
    expect(view.json).toMatchObject({ desired: { version: { messageId: 'evt-0010' } } });
  });
});

it('tells of an event from the future in the answer, in the submission and in a metric', async () => {
  const before = await warnings('stamped_ahead');
  const publishedAt = new Date(Date.now() + 20 * 3_600_000).toISOString();
  const { submissionId, warnings: told } = await take('ahead', 9, { message_id: 'ahead', publishedAt });
  expect(told).toMatchObject([{ kind: 'stamped_ahead', path: 'publishedAt' }]);
  expect(await submissionOf(submissionId)).toMatchObject({ warnings: told });
  expect(await warnings('stamped_ahead')).toBe(before + 1);
  const [line] = await stand.stores.submissions.lines(submissionId, { afterRow: 0, limit: 1 });
  expect(line?.version.publishedAtMs).toBeLessThanOrEqual(Date.now() + 5 * 60_000);
  const later = new Date(Date.now() + 6 * 60_000).toISOString();
  expect(await take('ahead', 0, { message_id: 'later', publishedAt: later })).toMatchObject({ status: 'accepted' });
  expect(await desired('ahead')).toBe(0);
});

it('reads the times of common senders, and refuses a bare date by its name', async () => {
  const times = [
    '2022-06-09 14:12:19.0',
    '2022-06-09 14:12:19.123456',
    '2022-06-09 08:42:19+00:00',
    '2022-06-09 08:42:19Z',
    '2022-06-09T14:12:19.123456789+05:30[Asia/Kolkata]',
    'Thu Jun 09 08:42:19 UTC 2022',
    'Thu Jun 09 2022 14:12:19 GMT+0530 (India Standard Time)',
    '1654764139000',
    1_654_764_139_000,
  ];
  for (const [index, publishedAt] of times.entries()) {
    const { submissionId } = await take(`time-${index}`, 1, { message_id: `time-${index}`, publishedAt });
    const [line] = await stand.stores.submissions.lines(submissionId, { afterRow: 0, limit: 1 });
    expect(Math.floor((line?.version.publishedAtMs ?? 0) / 1_000)).toBe(1_654_764_139);
  }
  for (const publishedAt of ['2022-06-09', '2022-02-30 10:00:00', 1_654_764_139, 1.5e12 + 0.5, null]) {
    const answer = await post('time', 1, { message_id: 'no-time', publishedAt });
    expect(answer.status).toBe(422);
    expect(problemIn(answer).errors?.map(({ path }) => path)).toEqual(['publishedAt']);
  }
});

describe('a message that comes again', () => {
  const line = { productId: 'N', variantId: 'again', locationInventory: 5, locationId: 'POB1' };
  const { connectionId, publishedAt } = inventoryEvent;

  it('is a duplicate however its text is written', async () => {
    const first = await postRaw(
      JSON.stringify({ message_id: 'again', publishedAt, connectionId, inventoryList: [{ ...line, note: 1 }] }),
    );
    const { locationId, variantId, productId } = line;
    const other = { inventoryList: [{ locationId, note: 2, locationInventory: '5', variantId, productId }] };
    const again = await postRaw(JSON.stringify({ ...other, connectionId, publishedAt, message_id: 'again' }, null, 2));
    expect(accepted.parse(again.json)).toEqual({ ...accepted.parse(first.json), status: 'duplicate' });
  });

  it('with other content is stored as well, and told in the answer, the submission and a metric', async () => {
    const before = await warnings('other_content');
    const first = await take('part-1', 5, { message_id: 'parts' });
    const second = await take('part-2', 7, { message_id: 'parts' });
    expect(second).toMatchObject({ status: 'accepted', warnings: [{ kind: 'other_content', path: 'message_id' }] });
    expect(second.warnings?.[0]?.message).toContain(first.submissionId);
    expect(await submissionOf(second.submissionId)).toMatchObject({ warnings: second.warnings });
    expect([await desired('part-1'), await desired('part-2')]).toEqual([5, 7]);
    const bad = await take('part-1', 'abc', { message_id: 'parts' });
    expect(bad.submissionId).not.toBe(first.submissionId);
    expect(await submissionOf(bad.submissionId)).toMatchObject({ status: 'error', errorCount: 1 });
    for (const known of [first, second])
      expect(
        await take(known === first ? 'part-1' : 'part-2', known === first ? 5 : 7, { message_id: 'parts' }),
      ).toEqual({
        submissionId: known.submissionId,
        status: 'duplicate',
      });
    expect(await warnings('other_content')).toBe(before + 2);
  });

  it('is parked with each of its contents while its connection is missing', async () => {
    const missing = { message_id: 'parked-parts', connectionId: 88_888 };
    for (const variantId of ['part-1', 'part-2', 'part-2']) await post(variantId, 5, missing);
    const parked = async () =>
      (await stand.stores.parked.list({ status: 'parked', limit: 100 })).filter(({ body }) =>
        body.includes('parked-parts'),
      );
    expect((await parked()).map(({ body }) => /part-\d/.exec(body.replace('parked-parts', ''))?.[0]).sort()).toEqual([
      'part-1',
      'part-2',
    ]);
  });
});

it.each([
  ['UTC', 'Asia/Kolkata'],
  ['Asia/Kolkata', 'UTC'],
] as const)('goes on when the zone of the connection is changed from %s to %s', async (before, after) => {
  const connection = await stand.stores.connections.find(Number(inventoryEvent.connectionId));
  if (!connection) throw new Error('the stand has a connection');
  const changed = { ...connection, id: before === 'UTC' ? 77_001 : 77_002 };
  let timeZone: string = before;
  const take = createStockIntake({
    findConnection: async () => ({ ...changed, settings: { timeZone } }),
    connectorFor,
    async store(one) {
      const [result] = await storeSubmissions(stand.stores.db, [one]);
      if (!result) throw new Error('the submission was not stored');
      return result;
    },
    parked: stand.stores.parked,
    clocks: stand.stores.eventClocks,
    poke: () => undefined,
    now: Date.now,
    onWarning: () => undefined,
  });
  const zone = before === 'UTC' ? 0 : 5.5 * 3_600_000;
  const wallClock = () => new Date(Date.now() + zone).toISOString().slice(0, 23).replace('T', ' ');
  for (const number of [1, 2, 3, 4]) {
    if (number > 1) timeZone = after;
    const { status } = await take(
      { accountSlug: connection.accountSlug, connectionId: null },
      {
        message_id: `zone-${number}`,
        publishedAt: wallClock(),
        connectionId: changed.id,
        inventoryList: [{ productId: 'N', variantId: 'zone', locationInventory: number, locationId: 'POB1' }],
      },
    );
    expect(status).toBe('accepted');
    const [level] = await stand.stores.levels.find(changed.id, 'N/zone');
    expect(level?.desiredQuantity).toBe(number);
  }
});
