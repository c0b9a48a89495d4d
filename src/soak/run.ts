import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../config';
import { ownerOf, sweep } from '../local/run-folder';
import { startGuardian } from '../local/supervisor';
import { openStores } from '../store/stores';
import { createTemporalClient } from '../temporal';
import { checkAll } from './check/all';
import type { Disturbance, Recorded } from './check/recorded';
import { collect } from './collect';
import { makeLoad } from './load';
import { startOps } from './ops';
import { applyEdits, copyBuild, type Edit } from './patch';
import { startPrograms } from './programs';
import { untilQuiet } from './quiet';
import { killsIn, type Report } from './report';
import type { Scenario } from './scenario';
import { type Sender, startSending } from './sender';
import { startServers } from './servers';
import { addTenants, prepareTwins } from './tenancy';
import { CONNECTIONS } from './tenants';
import { makeTrouble } from './trouble';
import { createTwinControl } from './twin-control';
import { startWatch } from './watch';

const PROGRESS_MS = 10_000;
const GIVE_UP_AFTER_MS = 2_000;
const LAST_WORDS_MS = 1_500;

export interface RunOptions {
  seed: number;
  scenario: Scenario;
  /** Sending stops after so many seconds. */
  capSeconds: number;
  bug: { name: string; edits: readonly Edit[] } | null;
  /** Where the run keeps everything; removed in the end unless `keep` says otherwise. */
  folder: string;
  cacheFolder: string;
  /** The build that is copied. */
  dist: string;
  keep: boolean;
  log(line: string): void;
}

/** One soak from an empty database to its report. */
export async function runSoak(options: RunOptions): Promise<Report> {
  const { folder, log } = options;
  const startedMs = Date.now();
  const runFolder = join(folder, 'run');
  const owner = ownerOf(runFolder);
  if (owner !== undefined)
    throw new Error(`A soak with this seed runs already, as process ${owner}: take another seed.`);
  // What a soak that was killed left behind.
  await sweep(runFolder);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const dist = join(folder, 'dist');
  copyBuild(options.dist, dist);
  if (options.bug) applyEdits(dist, options.bug.edits);
  const guardian = await startGuardian({ runFolder, logFolder: join(folder, 'logs') });
  const interrupted = () => void guardian.end({ graceMs: 0 }).finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupted);
  try {
    return await play({ ...options, dist }, guardian, startedMs);
  } finally {
    await guardian.end({ graceMs: 1_000 });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupted);
    // A server that was killed may be writing its last.
    if (!options.keep) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    else log(`everything is kept in ${folder}`);
  }
}

async function play(
  options: RunOptions,
  guardian: Awaited<ReturnType<typeof startGuardian>>,
  startedMs: number,
): Promise<Report> {
  const { seed, scenario, folder, dist, log } = options;
  const disturbances: Disturbance[] = [];
  const report = (one: Disturbance): void => void disturbances.push(one);
  const load = makeLoad({ seed, events: scenario.events, ...(scenario.mix && { mix: scenario.mix }) });
  const servers = await startServers({ guardian, folder, cacheFolder: options.cacheFolder, log, report });
  const credentialsKey = randomBytes(32).toString('base64');
  const programs = await startPrograms({ guardian, servers, dist, cwd: folder, credentialsKey, seed, report });
  const stores = openStores({ ...loadConfig(programs.environment), connectionLimit: 4 });
  const client = createTemporalClient(loadConfig(programs.environment));
  const twins = createTwinControl(programs.twinUrls);
  const keys = await addTenants(stores);
  await prepareTwins(twins, load);
  log(`up after ${secondsSince(startedMs).toFixed(1)} s`);

  const kept = [...programs.gateways, ...programs.workers];
  const watch = startWatch({ programs: kept, stores });
  const refusals: string[] = [];
  const sendingSinceMs = Date.now();
  const sender = startSending({
    load,
    gatewayUrls: programs.gatewayUrls,
    keys,
    perSecond: scenario.perSecond,
    onRefusal: (text) => void refusals.push(text),
  });
  const cap = setTimeout(() => sender.stop(), options.capSeconds * 1_000);
  const telling = setInterval(() => log(progressLine(sender, disturbances)), PROGRESS_MS);
  let isSent = false;
  const ops = startOps({ client, stores, seed, endsRuns: () => !isSent, sendAgain: sender.sendAgain });
  const sent = sender.done.then(() => {
    isSent = true;
  });
  const targets = {
    worker: programs.workers,
    gateway: programs.gateways,
    temporal: servers.temporal,
    mysql: servers.mysql,
  };
  const { blows, faults, tokensDieEveryMs } = scenario;
  await makeTrouble({
    seed,
    blows,
    targets,
    twins,
    ...(faults && { faults }),
    ...(tokensDieEveryMs !== undefined && { tokensDieEveryMs }),
    progress: () => (isSent ? 1 : Math.min(sender.progress(), 0.999)),
    onBlow: ({ kind, target, ms }) => log(`${kind} ${target} for ${ms} ms at ${Math.round(sender.progress() * 100)} %`),
  });
  await sent;
  clearTimeout(cap);
  await Promise.race([ops.settled(), sleep(scenario.quietWithinMs, undefined, { ref: false })]);
  const loadSeconds = secondsSince(sendingSinceMs);
  const lastFaultMs = Date.now();
  log(`sent; waiting until nothing is left to do`);
  clearInterval(telling);
  const hopeless = setTimeout(() => ops.beginToGiveUp(), GIVE_UP_AFTER_MS);
  let toldAtMs = 0;
  const quietAtMs = await untilQuiet(stores.db, {
    withinMs: scenario.quietWithinMs,
    onLook(left) {
      if (Date.now() - toldAtMs < PROGRESS_MS) return;
      toldAtMs = Date.now();
      log(
        `left: ${Object.entries(left)
          .map(([what, count]) => `${count} ${what}`)
          .join(', ')}`,
      );
    },
  });
  clearTimeout(hopeless);
  await ops.stop();
  // What was done last is logged and counted by then.
  await sleep(LAST_WORDS_MS);
  watch.stop();
  for (const program of [...kept, ...servers.mysql, ...servers.temporal]) program.release();

  const known = {
    acks: sender.acks,
    disturbances,
    signals: ops.signals,
    samples: watch.samples,
    quietAfterMs: quietAtMs === null ? null : quietAtMs - lastFaultMs,
  };
  const recorded: Recorded = await collect({
    known,
    stores,
    client,
    twins,
    programs,
    dist,
    tokens: watch.tokens,
    keys,
    refusals,
  });
  await Promise.all([stores.close(), client.connection.close()]);
  if (options.keep) writeFileSync(join(folder, 'recorded.json'), JSON.stringify(recorded), { mode: 0o600 });
  const findings = checkAll(recorded, load, CONNECTIONS);
  return {
    seed,
    bug: options.bug?.name ?? null,
    events: scenario.events,
    posts: sender.acks.length,
    kills: killsIn(recorded, 'kill'),
    freezes: killsIn(recorded, 'freeze'),
    unanswered: sender.unanswered(),
    loadSeconds,
    quietAfterSeconds: recorded.quietAfterMs === null ? null : recorded.quietAfterMs / 1_000,
    seconds: secondsSince(startedMs),
    findings,
    holds: findings.every(({ violationCount }) => violationCount === 0),
  };
}

const secondsSince = (ms: number): number => (Date.now() - ms) / 1_000;

const progressLine = (sender: Sender, disturbances: readonly Disturbance[]): string =>
  `${Math.round(sender.progress() * 100)} % sent, ${sender.acks.length} acknowledged, ${sender.unanswered()} sent again, ${disturbances.length} blows`;
