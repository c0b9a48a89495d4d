import {
  type Database,
  inChunks,
  isDatabaseDown,
  isStoreUnavailable,
  openDatabase,
  refusalCodeOf,
} from '../../src/store/database';
import { cuttableWay } from '../stand/cuttable-way';
import { openTestStores, type TestStores } from './open-store';

let stores: TestStores;
let db: Database;

beforeAll(async () => {
  stores = await openTestStores();
  db = stores.db;
  await db.change("INSERT INTO gates (gateKey) VALUES ('a'), ('b'), ('c')");
});
afterAll(() => stores.close());

const slots = async () =>
  Object.fromEntries(
    (await db.select<{ gateKey: string; nextSlotAtMs: number }>('SELECT * FROM gates')).map((row) => [
      row.gateKey,
      row.nextSlotAtMs,
    ]),
  );

it('undoes the whole of a transaction that fails', async () => {
  const before = await slots();
  const work = db.transaction(async (tx) => {
    await tx.change("UPDATE gates SET nextSlotAtMs = 99 WHERE gateKey = 'a'");
    throw new Error('changed my mind');
  });
  await expect(work).rejects.toThrow('changed my mind');
  expect(await slots()).toEqual(before);
});

it('runs the whole of a transaction again when it lost a deadlock', async () => {
  let attempts = 0;
  let started = 0;
  let meet = (): void => undefined;
  const bothStarted = new Promise<void>((resolve) => {
    meet = resolve;
  });
  const crossing = (first: string, second: string) =>
    db.transaction(async (tx) => {
      attempts += 1;
      await tx.change('UPDATE gates SET nextSlotAtMs = nextSlotAtMs + 1 WHERE gateKey = ?', [first]);
      started += 1;
      if (started === 2) meet();
      await bothStarted;
      await tx.change('UPDATE gates SET nextSlotAtMs = nextSlotAtMs + 1 WHERE gateKey = ?', [second]);
    });
  await Promise.all([crossing('b', 'c'), crossing('c', 'b')]);
  expect(attempts).toBeGreaterThan(2);
  expect(await slots()).toMatchObject({ b: 2, c: 2 });
});

it('reads what others have committed within one transaction, and counts times in UTC', async () => {
  const [row] = await db.transaction((tx) =>
    tx
      .select<{ level: string; zone: string }>(
        'SELECT @@session.transaction_isolation AS level, @@session.time_zone AS zone',
      )
      .catch(() =>
        tx.select<{ level: string; zone: string }>(
          'SELECT @@session.tx_isolation AS level, @@session.time_zone AS zone',
        ),
      ),
  );
  expect(row).toEqual({ level: 'READ-COMMITTED', zone: '+00:00' });
});

it('never reads a value as a piece of SQL', async () => {
  const nasty = "x'); DROP TABLE gates; -- \\";
  await db.change('INSERT INTO gates (gateKey) VALUES (?)', [nasty]);
  expect(await db.select('SELECT gateKey FROM gates WHERE gateKey = ?', [nasty])).toEqual([{ gateKey: nasty }]);
});

it('holds a named lock for one at a time, and says who is in the way', async () => {
  const other = stores.openPool();
  await db.withLock('stockbridge_test', 5, async () => {
    await expect(other.withLock('stockbridge_test', 0, async () => 1)).rejects.toThrow(
      /stockbridge_test is still held/,
    );
  });
  expect(await other.withLock('stockbridge_test', 0, async () => 1)).toBe(1);
  await other.close();
});

it('knows a database that is away', async () => {
  const away = openDatabase('mysql://nobody@127.0.0.1:1/nothing');
  const failure = await away.ping().catch((error: unknown) => error);
  expect(isDatabaseDown(failure)).toBe(true);
  await away.close();
});

it('knows a connection that the server has killed, and goes on with another one', async () => {
  const killed = await db
    .transaction(async (tx) => {
      const [row] = await tx.select<{ id: number }>('SELECT CONNECTION_ID() AS id');
      await db.change(`KILL ${row?.id}`);
      await tx.select('SELECT 1').catch(() => undefined);
      await tx.select('SELECT 1');
    })
    .catch((error: unknown) => error);
  expect(isDatabaseDown(killed)).toBe(true);
  expect(await db.select('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

describe('a server that does not answer', () => {
  /** Far more than a statement takes that is answered. */
  const TIMEOUT_MS = 5_000;

  it('is taken for one that is away: the statement is given up with its connection, and the next one has another', async () => {
    const impatient = openDatabase(stores.mysqlUrl, { connectionLimit: 3, statementTimeoutMs: TIMEOUT_MS });
    const idOf = async () => (await impatient.select<{ id: number }>('SELECT CONNECTION_ID() AS id'))[0]?.id;
    const first = await idOf();
    const failures = await Promise.all(
      [
        () => impatient.select('SELECT SLEEP(100)'),
        () => impatient.change("UPDATE gates SET nextSlotAtMs = 1 WHERE gateKey = 'a' AND SLEEP(100) = 0"),
        () => impatient.transaction((tx) => tx.select('SELECT SLEEP(100)')),
      ].map((ask) => ask().catch((error: unknown) => error)),
    );
    expect(failures.map(isDatabaseDown)).toEqual([true, true, true]);
    expect(await idOf()).not.toBe(first);
    await impatient.close();
  });

  it('leaves those who wait for a connection with the next one', async () => {
    const way = cuttableWay();
    const url = await way.to(stores.mysqlUrl);
    const impatient = openDatabase(url, { connectionLimit: 1, statementTimeoutMs: TIMEOUT_MS });
    await impatient.ping();
    way.block();
    const [blocked, ...waiting] = await Promise.all(
      Array.from({ length: 3 }, () => impatient.select('SELECT 1 AS one').catch((error: unknown) => error)),
    );
    expect(isDatabaseDown(blocked)).toBe(true);
    expect(waiting).toEqual([[{ one: 1 }], [{ one: 1 }]]);
    await impatient.close();
    way.close();
  });

  it('may take as long as it needs where a lock keeps others out', async () => {
    const impatient = openDatabase(stores.mysqlUrl, { statementTimeoutMs: TIMEOUT_MS });
    const slept = await impatient.withLock('slow', 5, (locked) => locked.select('SELECT SLEEP(6) AS interrupted'));
    expect(slept).toEqual([{ interrupted: 0 }]);
    await impatient.close();
  });
});

it('cuts rows into chunks without losing any', () => {
  expect(inChunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(inChunks([], 2)).toEqual([]);
});

it('takes a database that writes nothing at the moment for one that will later, and a statement at fault for what it is', async () => {
  const refusals = await db.withLock('refusals', 5, async (one) => {
    const refusalOf = (sql: string) =>
      one.change(sql).then(
        () => undefined,
        (error: unknown) => error,
      );
    await one.change('START TRANSACTION READ ONLY');
    const readOnly = await refusalOf("INSERT INTO gates (gateKey) VALUES ('written')");
    await one.change('ROLLBACK');
    const own = [
      "INSERT INTO gates (gateKey) VALUES ('a')",
      'SELECT nothing FROM gates',
      'SELECT 1 FROM no_such_table',
      'SELEKT 1',
      `INSERT INTO gates (gateKey) VALUES (REPEAT('x', 5000))`,
    ];
    const faults: unknown[] = [];
    for (const sql of own) faults.push(await refusalOf(sql));
    return { readOnly, faults };
  });
  expect(isStoreUnavailable(refusals.readOnly)).toBe(true);
  expect(refusals.faults.map(isStoreUnavailable)).toEqual([false, false, false, false, false]);
  expect(refusals.faults).not.toContain(undefined);
});

it('knows for a matter of time what the driver has no name for, without the words of the database', async () => {
  const interrupted: unknown = await db
    .select('SET STATEMENT max_statement_time = 0.001 FOR SELECT SLEEP(30)')
    .catch((error: unknown) => error);
  expect(interrupted).toMatchObject({ errno: 1969 });
  expect(refusalCodeOf(interrupted)).toBe('ER_1969');
  expect(isStoreUnavailable(interrupted)).toBe(true);
});
