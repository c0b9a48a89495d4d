import { changeConnection } from '../../src/store/connection-changes';
import { readConnectionWork, readOrderSides, readUnfinishedWork } from '../../src/store/connection-overview';
import type { Database, SqlValue } from '../../src/store/database';
import { readBusyGates, readCredits, readGate } from '../../src/store/gate-overview';
import { readPushAttempts, readTroubledPushes } from '../../src/store/push-attempts';
import { rejectedLevels } from '../../src/store/rejected-levels';
import { leave } from './lanes';
import { CONNECTION, draft, linesOf, only, openTestStores, type TestStores } from './open-store';

let stores: TestStores;

beforeEach(async () => {
  stores = await openTestStores();
});
afterEach(() => stores.close());

/** Levels of any state, as they would stand there. */
const insertLevels = (rows: readonly SqlValue[]) =>
  stores.db.change(
    `INSERT INTO stock_levels (connectionId, listing, locationId, desiredQuantity, versionAtMs, versionId, desiredAtMs, state, dirtySinceMs, lastError)
     VALUES ?`,
    [rows],
  );
const level = (
  id: number,
  listing: string,
  quantity: number,
  state: string,
  sinceMs: number,
  error = '',
): SqlValue[] => [...[id, listing, '', quantity, 1, 'm', 1, state, sinceMs, error]];

const insertPushes = (rows: readonly SqlValue[]) =>
  stores.db.change(
    `INSERT INTO pushes (id, connectionId, state, lineCount, zeroCount, attempt, unansweredAttempts, outcome, acceptedCount, errorType, error, createdAt, updatedAt)
     VALUES ?`,
    [rows],
  );
const closed = (id: string, connectionId: number, accepted: number, atMs: number): SqlValue[] => [
  ...[id, connectionId, 'closed', 1, 0, 1, 1, accepted > 0 ? 'accepted' : 'rejected', accepted, null, null],
  ...[new Date(atMs), new Date(atMs)],
];

describe('the work of connections', () => {
  it('is what waits, the zeros among it, the oldest, what was refused and accepted last', async () => {
    await insertLevels([
      level(1, 'a', 0, 'dirty', 500),
      level(1, 'b', 3, 'claimed', 400),
      level(1, 'c', 0, 'claimed', 600),
      level(1, 'd', 0, 'rejected', 100),
      level(1, 'e', 0, 'clean', 50),
      level(2, 'a', 9, 'clean', 50),
    ]);
    await insertPushes([closed('P1', 1, 1, 1_000), closed('P2', 1, 1, 2_000), closed('P3', 1, 0, 3_000)]);
    const works = await readConnectionWork(stores.db, [1, 2, 3]);
    expect(works.get(1)).toEqual({
      ...{ dirty: 1, claimed: 2, zeros: 2, oldestWaitingMs: 400, rejected: 1, lastAcceptedMs: 2_000 },
    });
    const nothing = { dirty: 0, claimed: 0, zeros: 0, oldestWaitingMs: null, rejected: 0, lastAcceptedMs: null };
    expect(works.get(2)).toEqual(nothing);
    expect(works.get(3)).toEqual(nothing);
    expect(await readConnectionWork(stores.db, [])).toEqual(new Map());
  });

  it('takes few statements for 10,000 connections, and reads neither what is clean nor what is long past', async () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => index + 1);
    for (let at = 0; at < ids.length; at += 1_000) {
      const some = ids.slice(at, at + 1_000);
      await insertLevels(some.flatMap((id) => [level(id, 'clean', 1, 'clean', 1), level(id, 'also', 2, 'clean', 1)]));
      await insertLevels(some.map((id) => level(id, 'waits', 0, 'dirty', id)));
      await insertPushes(some.flatMap((id) => [...'ABCDEFGHIJ'].map((name) => closed(`${name}${id}`, id, 1, 1_000))));
    }
    await stores.db.change('ANALYZE TABLE stock_levels, pushes');
    let statements = 0;
    const rowsRead = async (db: Database): Promise<number> => {
      const rows = await db.select<{ Value: string }>("SHOW SESSION STATUS LIKE 'Handler_read%'");
      return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
    };
    const pool = stores.openPool();
    const counted: Database = {
      ...pool,
      select: (sql, values) => {
        statements += 1;
        return pool.select(sql, values);
      },
    };
    const before = await rowsRead(pool);
    const works = await readConnectionWork(counted, ids);
    const read = (await rowsRead(pool)) - before;
    await pool.close();
    expect(
      [...works.values()].filter(({ dirty, lastAcceptedMs }) => dirty === 1 && lastAcceptedMs === 1_000),
    ).toHaveLength(10_000);
    expect(statements).toBeLessThanOrEqual(100);
    // 30,000 levels and 100,000 pushes are there: a few index entries for each connection are read.
    expect(read / ids.length).toBeLessThan(9);
    expect(read).toBeGreaterThan(ids.length);
  });
});

describe('what is unfinished', () => {
  it('counts lines, and names orders of either side that are not over', async () => {
    await stores.store(draft(linesOf(['L1', 1], ['L2', 0])));
    const order = { accountSlug: 'spykar', externalChannelId: 'CH', vendorOrderNumber: null, lines: [] };
    const store = (workflowId: string, connectionId: number, wmsConnectionId: number) =>
      stores.orders.store({
        ...{ ...order, workflowId, connectionId, wmsConnectionId, orderNumber: workflowId },
        workflowIdOfMore: () => 'more',
        lines: [{ lineItemSequenceNumber: '1', orderItemId: 'o', itemId: 'i', marketplaceItemId: 'm', quantity: 1 }],
      });
    await store('own', CONNECTION, 1);
    await store('as-wms', 2, CONNECTION);
    await store('foreign', 2, 1);
    await store('over', CONNECTION, 1);
    await stores.db.change("UPDATE orders SET status = 'done' WHERE workflowId = 'over'");
    expect(await readUnfinishedWork(stores.db, CONNECTION, 10)).toEqual({
      lines: 2,
      orders: ['own', 'as-wms'],
      files: 0,
    });
    expect((await readUnfinishedWork(stores.db, CONNECTION, 1)).orders).toEqual(['own']);
    expect(await readOrderSides(stores.db, ['own', 'as-wms', 'nobody'])).toEqual(
      new Map([
        ['own', { connectionId: CONNECTION, wmsConnectionId: 1 }],
        ['as-wms', { connectionId: 2, wmsConnectionId: CONNECTION }],
      ]),
    );
  });
});

describe('attempts', () => {
  const failure = { type: 'ChannelUnavailable', message: 'answered 503', mayStillApply: false } as const;
  async function leaving(pushId?: string) {
    const push = await leave(stores.pushes, {
      connectionId: CONNECTION,
      ...(pushId === undefined ? {} : { pushId }),
    });
    if (!push) throw new Error('nothing is due, or the push is closed');
    return push;
  }

  it('that failed or were not answered are told while the push is open and when it is over', async () => {
    await stores.store(draft(linesOf(['L1', 3])));
    expect(await readTroubledPushes(stores.db, CONNECTION, 5)).toEqual([]);
    const { pushId } = await leaving();
    await stores.pushes.fail(pushId, 1, [], failure);
    // The pause before the next attempt is over.
    await stores.db.change('UPDATE stock_levels SET notBeforeMs = 0 WHERE connectionId = ?', [CONNECTION]);
    const second = await leaving(pushId);
    expect(only(await readTroubledPushes(stores.db, CONNECTION, 5))).toMatchObject({
      ...{ pushId, state: 'open', attempts: 2, unanswered: 1, errorType: 'ChannelUnavailable', error: 'answered 503' },
    });
    await stores.pushes.settle(pushId, 2, second.lines, [{ listing: 'L1', verdict: 'accepted' }], Date.now());
    expect(await readPushAttempts(stores.db, pushId)).toMatchObject({
      outcome: 'accepted',
      attempts: 2,
      unanswered: 0,
    });
    expect(only(await readTroubledPushes(stores.db, CONNECTION, 5))).toMatchObject({ errorType: 'ChannelUnavailable' });
    expect(await readTroubledPushes(stores.db, CONNECTION + 1, 5)).toEqual([]);
  });

  it('without an answer show without any failure, also after the push was given back', async () => {
    await stores.store(draft(linesOf(['L1', 3])));
    const { pushId } = await leaving();
    const silent = { pushId, attempts: 1, unanswered: 1, errorType: null };
    expect(only(await readTroubledPushes(stores.db, CONNECTION, 5))).toMatchObject({ ...silent, state: 'open' });
    await stores.pushes.release(pushId);
    expect(only(await readTroubledPushes(stores.db, CONNECTION, 5))).toMatchObject({ ...silent, outcome: 'released' });
  });
});

describe('gates and credits', () => {
  it('are told by our clock, and only those that are busy', async () => {
    await stores.gates.hold('held', 90_000);
    await stores.gates.reserve('turns', 60_000, 600_000);
    await stores.gates.reserve('turns', 60_000, 600_000);
    await stores.gates.hold('over', 0);
    const busy = await readBusyGates(stores.db, 1_000_000);
    expect([...busy.keys()].sort()).toEqual(['held', 'turns']);
    const { closedUntilMs, reservedUntilMs } = await readGate(stores.db, 'held', 1_000_000);
    expect(closedUntilMs).toBeGreaterThan(1_000_000);
    expect(closedUntilMs).toBeLessThanOrEqual(1_090_000);
    expect(reservedUntilMs).toBeNull();
    expect((await readGate(stores.db, 'turns', 0)).reservedUntilMs).toBeGreaterThan(60_000);
    expect(await readGate(stores.db, 'nobody', 0)).toEqual({ closedUntilMs: null, reservedUntilMs: null });
  });

  it('count credits as of now', async () => {
    expect(await readCredits(stores.db, 'a')).toBeUndefined();
    await stores.credits.learn('a', { left: 4_004, max: 4_004, perSecond: 60 });
    expect(await readCredits(stores.db, 'a')).toMatchObject({ left: 4_004, max: 4_004, perSecond: 60 });
    await stores.credits.doubt('a');
    expect((await readCredits(stores.db, 'a'))?.readAtMs).toBeNull();
  });
});

it('pages refused levels without losing or repeating one, also where many share a moment', async () => {
  const names = Array.from({ length: 4_500 }, (_, index) => `L${String(index).padStart(5, '0')}`);
  for (let at = 0; at < names.length; at += 500)
    await insertLevels(
      names.slice(at, at + 500).map((name, n) => level(CONNECTION, name, n % 2, 'rejected', at < 4_000 ? 7 : 9, 'no')),
    );
  await insertLevels([level(CONNECTION, 'other', 1, 'clean', 7), level(CONNECTION + 1, 'L1', 1, 'rejected', 7)]);
  const seen: string[] = [];
  for await (const page of rejectedLevels(stores.db, CONNECTION)) seen.push(...page.map(({ listing }) => listing));
  expect(seen).toEqual(names);
});

describe('a connection that shows another location', () => {
  const place = { externalChannelId: null, externalWarehouseId: null, settings: {} };

  it('forgets the stock of the one before, unless some of it is on its way', async () => {
    const id = await stores.connections.insert({
      ...{ channel: 'ajio', accountSlug: 'spykar', externalChannelId: null, externalWarehouseId: null },
      ...{ locationId: 'POB1', credentials: {}, settings: {} },
    });
    const { submissionId } = only(await stores.store(draft(linesOf(['L1', 3], ['L2', 0]), { connectionId: id })));
    const push = await leave(stores.pushes, { connectionId: id, batchSize: 1 });
    expect(await changeConnection(stores.db, id, { ...place, locationId: 'POB2' })).toBe(false);
    await stores.pushes.release(push?.pushId ?? '');
    expect(await changeConnection(stores.db, id, { ...place, locationId: 'POB1' })).toBe(true);
    expect(await stores.levels.countByState(id)).toEqual({ dirty: 2 });
    expect(await changeConnection(stores.db, id, { ...place, locationId: 'POB2' })).toBe(true);
    expect(await stores.levels.countByState(id)).toEqual({});
    expect(await stores.submissions.lines(submissionId, { afterRow: 0, limit: 9 })).toMatchObject([
      { status: 'superseded' },
      { status: 'superseded' },
    ]);
  });
});
