import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { buildPrograms, startProgram } from '../integration/programs';
import setUp from '../servers/setup';
import tearDown from '../servers/teardown';
import { STOCK_CONNECTION, startStand } from '../stand/stand';
import { countKept, percentile, type Tally } from './load';
import { runSender } from './sender';

/**
 * A program: measures what a gateway process takes, offers it five times as much from one account while another one goes on
 * as usual, and prints what became of it. Ends with 1 when an acknowledged event is gone or a refusal is of the wrong kind.
 *
 * node -r ./test/servers/typescript-hook.cjs test/load/overload.ts [--seconds 20] [--times 5] [--lines 20]
 */

const numberAfter = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const rssMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;

const QUIET_PER_SECOND = 20;

function row(name: string, tally: Tally): string {
  const { '202': accepted = 0, ...others } = tally.statuses;
  const refused = Object.entries(others).map(([status, count]) => `${status}: ${Math.round(count / tally.seconds)}/s`);
  return [
    name.padEnd(34),
    `sent ${Math.round(tally.sent / tally.seconds)}/s`,
    ...(tally.unsent > 0 ? [`unsent ${Math.round(tally.unsent / tally.seconds)}/s`] : []),
    `202: ${Math.round(accepted / tally.seconds)}/s`,
    ...(refused.length > 0 ? refused : ['nothing refused']),
    `accepted p50 ${percentile(tally.acceptedMs, 0.5)} p99 ${percentile(tally.acceptedMs, 0.99)} ms`,
    ...(tally.refusedMs.length > 0
      ? [`refused p50 ${percentile(tally.refusedMs, 0.5)} p99 ${percentile(tally.refusedMs, 0.99)} ms`]
      : []),
  ].join('  ');
}

async function measure(): Promise<boolean> {
  const seconds = numberAfter('--seconds', 20);
  const times = numberAfter('--times', 5);
  const lines = numberAfter('--lines', 20);
  await buildPrograms();
  const stand = await startStand({ worker: false });
  const quietId = await stand.stores.connections.insert({
    ...{ channel: 'ajio', accountSlug: 'quiet', externalChannelId: null, externalWarehouseId: null },
    ...{ locationId: 'POB1', credentials: {}, settings: {} },
  });
  const quietKey = (await stand.stores.keys.create({ accountSlug: 'quiet', name: 'load', connectionId: null })).key;
  const gateway = startProgram('starter/main.js', stand);
  const url = z.string().parse((await gateway.logged('gateway listens')).address);
  const pid = gateway.child.pid ?? 0;
  let peakMb = 0;
  const healthMs: number[] = [];
  const watch = setInterval(() => {
    peakMb = Math.max(peakMb, rssMb(pid));
    const startMs = performance.now();
    void fetch(`${url}/healthz`).then((answer) => {
      if (answer.ok) healthMs.push(performance.now() - startMs);
    });
  }, 100);
  const loud = { url, key: stand.keys.spykar, connectionId: STOCK_CONNECTION };
  const quiet = { url, key: quietKey, connectionId: quietId, name: 'quiet', connections: 50, lines };
  try {
    await runSender({ sender: { ...loud, name: 'warm-up', connections: 128, lines }, seconds: 3 });
    const usual = await runSender({ sender: { ...loud, name: 'usual', connections: 128, lines }, seconds });
    console.log(row('128 callers that wait', usual));
    const perSecond = Math.round((usual.submissionIds.length / usual.seconds) * times);
    const [flood, beside] = await Promise.all([
      runSender({ sender: { ...loud, name: 'flood', connections: 2_000, lines }, seconds, perSecond }),
      runSender({ sender: quiet, seconds, perSecond: QUIET_PER_SECOND }),
    ]);
    console.log(row(`one account, ${times} times that`, flood));
    console.log(row('another account beside it', beside));
    const large = await runSender({
      sender: { ...loud, name: 'large', connections: 40, lines: 10_000 },
      seconds: Math.min(seconds, 10),
    });
    console.log(row('40 callers with 10,000 lines each', large));
    const ids = [usual, flood, beside, large].flatMap(({ submissionIds }) => submissionIds);
    const kept = await countKept(stand.stores.db, ids);
    console.log(`acknowledged ${ids.length}, found in the database ${kept}`);
    console.log(
      `memory of the gateway at most ${Math.round(peakMb)} MB; /healthz p99 ${percentile(healthMs, 0.99)} ms`,
    );
    const odd = Object.keys({ ...flood.statuses, ...beside.statuses, ...large.statuses }).filter(
      (s) => !/^(202|429|503)$/.test(s),
    );
    return (
      kept === ids.length &&
      odd.length === 0 &&
      flood.withoutRetryAfter + beside.withoutRetryAfter + large.withoutRetryAfter === 0
    );
  } finally {
    clearInterval(watch);
    gateway.child.kill('SIGTERM');
    await gateway.ended;
    await stand.stop();
  }
}

async function main(): Promise<void> {
  await setUp();
  let isGood = false;
  try {
    isGood = await measure();
  } finally {
    await tearDown();
  }
  process.exit(isGood ? 0 : 1);
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
