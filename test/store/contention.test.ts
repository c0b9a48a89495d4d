import { versionIdOf } from '../../src/contracts/stock';
import { seededRandom } from '../../src/twins/faults';
import { leave } from './lanes';
import { draft, linesOf, openTestStores, submissionLines, T0, type TestStores } from './open-store';

const CONNECTION_ID = 9_000;
const LISTINGS = 60;
const WRITERS = 8;
const ROUNDS = 200;

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

/** What a channel would show if it applied each answered call in the order of the calls. */
const shown = new Map<string, { quantity: number; version: string }>();
const versionOf = (atMs: number, id: string) => `${String(atMs).padStart(16, '0')} ${id}`;

/** Plans, sends and settles everything that is due, as a sync does; returns how many lines went out. */
async function syncOnce(): Promise<number> {
  let sent = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const start = await leave(stores.pushes, { connectionId: CONNECTION_ID, batchSize: 10 });
      if (!start) return;
      const { pushId } = start;
      expect(start.lines.length).toBeLessThanOrEqual(10);
      for (const line of start.lines) {
        const version = versionOf(line.versionAtMs, line.versionId);
        const before = shown.get(line.listing)?.version ?? '';
        if (version < before) throw new Error(`${line.listing} went back from ${before} to ${version}`);
        shown.set(line.listing, { quantity: line.quantity, version });
      }
      const verdicts = start.lines.map(({ listing }) => ({ listing, verdict: 'accepted' as const }));
      await stores.pushes.settle(pushId, start.attempt, start.lines, verdicts, Date.now());
      sent += start.lines.length;
    }),
  );
  await stores.submissions.finishDone(CONNECTION_ID);
  return sent;
}

/** Counts the transactions of these stores that are done again, which they are for deadlocks; those of others are not their matter. */
function countRepeats(): () => number {
  const { transaction } = stores.db;
  let repeats = 0;
  stores.db.transaction = (work) => {
    let attempts = 0;
    return transaction((tx) => {
      attempts += 1;
      if (attempts > 1) repeats += 1;
      return work(tx);
    });
  };
  return () => repeats;
}

it('locks in one order, so that intake and settling of many lines hardly ever deadlock', async () => {
  const connectionId = CONNECTION_ID + 1;
  const repeats = countRepeats();
  const random = seededRandom(7);
  let writing = true;
  const sync = (async () => {
    while (writing) {
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          const start = await leave(stores.pushes, { connectionId });
          if (!start) return;
          const { pushId } = start;
          const verdicts = start.lines.map(({ listing }) => ({ listing, verdict: 'accepted' as const }));
          await stores.pushes.settle(pushId, start.attempt, start.lines, verdicts, Date.now());
        }),
      );
    }
  })();
  const write = async (writer: number) => {
    for (let round = 0; round < 60; round++) {
      const drafts = Array.from({ length: 10 }, (_, index) =>
        draft(linesOf(...Array.from({ length: 10 }, () => [`L${Math.floor(random() * 200)}`, index] as const)), {
          connectionId,
          publishedAtMs: T0 + round * 100 + index * 4 + writer,
        }),
      );
      await stores.store(...drafts);
    }
  };
  await Promise.all([0, 1, 2, 3].map(write)).finally(() => {
    writing = false;
  });
  await sync;
  // 240 commits of a hundred lines each, beside some hundred settlements.
  expect(repeats()).toBeLessThanOrEqual(5);
});

it(`surfaces no deadlock and loses nothing under ${WRITERS} writers of overlapping listings beside a sync`, async () => {
  const wanted = new Map<string, { quantity: number; version: string }>();
  const ids: string[] = [];
  const write = async (writer: number) => {
    const random = seededRandom(writer + 1);
    const pick = (limit: number) => Math.floor(random() * limit);
    for (let round = 0; round < ROUNDS; round++) {
      const lines = linesOf(
        ...Array.from({ length: 1 + pick(12) }, () => [`listing-${pick(LISTINGS)}`, pick(5)] as const),
      );
      const one = draft(lines, { connectionId: CONNECTION_ID, publishedAtMs: T0 + pick(500) });
      const version = versionOf(one.publishedAtMs, versionIdOf(one.messageId ?? ''));
      for (const { listing, quantity } of lines) {
        if (quantity !== null && version >= (wanted.get(listing)?.version ?? ''))
          wanted.set(listing, { quantity, version });
      }
      ids.push(...(await stores.store(one)).map((result) => result.submissionId));
    }
  };
  let writing = true;
  const sync = (async () => {
    while (writing) await syncOnce();
  })();
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer))).finally(() => {
    writing = false;
  });
  await sync;
  while ((await syncOnce()) > 0);

  expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(wanted));
  expect(await stores.levels.countByState(CONNECTION_ID)).toEqual({ clean: wanted.size });
  const open = await stores.db.select(
    "SELECT submissionId FROM submission_lines WHERE status NOT IN ('success', 'superseded') AND connectionId = ?",
    [CONNECTION_ID],
  );
  expect(open).toEqual([]);
  expect(
    await stores.db.select("SELECT id FROM submissions WHERE status <> 'success' AND connectionId = ?", [
      CONNECTION_ID,
    ]),
  ).toEqual([]);
  expect(ids).toHaveLength(WRITERS * ROUNDS);
  expect(await submissionLines(stores, ids[0] ?? '')).not.toEqual([]);
});
