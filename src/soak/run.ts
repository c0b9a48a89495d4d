import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkAll } from './check/all';
import type { Disturbance, Recorded } from './check/recorded';
import { collect } from './collect';
import { makeLoad } from './load';
import { startOps } from './ops';
import type { Edit } from './patch';
import { untilQuiet } from './quiet';
import { killsIn, type Report } from './report';
import type { Scenario } from './scenario';
import { type Sender, startSending } from './sender';
import { type SoakStand, type SoakStandOptions, withSoakStand } from './soak-stand';
import { prepareTwins } from './tenancy';
import { CONNECTIONS } from './tenants';
import { makeTrouble } from './trouble';
import { startWatch } from './watch';

const PROGRESS_MS = 10_000;
const GIVE_UP_AFTER_MS = 2_000;
const LAST_WORDS_MS = 1_500;

export interface RunOptions extends Omit<SoakStandOptions, 'edits'> {
  scenario: Scenario;
  /** Sending stops after so many seconds. */
  capSeconds: number;
  bug: { name: string; edits: readonly Edit[] } | null;
}

/** One soak from an empty database to its report. */
export const runSoak = (options: RunOptions): Promise<Report> =>
  withSoakStand({ ...options, edits: options.bug?.edits ?? [] }, (stand) => play(options, stand));

async function play(options: RunOptions, stand: SoakStand): Promise<Report> {
  const { seed, scenario, folder, temporalAddress, log } = options;
  const { dist, servers, programs, stores, client, twins, keys, disturbances, startedMs } = stand;
  const load = makeLoad({ seed, events: scenario.events, ...(scenario.mix && { mix: scenario.mix }) });
  await prepareTwins(twins, load);

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
  const { faults, tokensDieEveryMs } = scenario;
  const blows = scenario.blows.filter(({ target }) => targets[target].length > 0);
  const spared = scenario.blows.length - blows.length;
  if (temporalAddress !== undefined)
    log(`Temporal at ${temporalAddress} is not the soak's own: it is not killed, ${spared} of the blows are left out`);
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
