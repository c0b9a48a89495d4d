import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../twins/faults';
import type { TwinName } from './check/recorded';
import { createDice, type Dice } from './dice';
import { FAULT_MENU } from './fault-menu';
import type { KeptProgram } from './kept-program';
import type { TwinControl } from './twin-control';

const POLL_MS = 100;
const TWINS: readonly TwinName[] = ['ajio', 'eshopbox', 'increff', 'shiphero'];

type Target = 'worker' | 'gateway' | 'temporal' | 'mysql';

/** What a longer run kills: workers most of all, since they hold what is on the wire. */
const LATER_TARGETS: readonly [Target, ...Target[]] = ['worker', 'worker', 'gateway', 'temporal', 'mysql'];

/** Something that happens to a process when so much of the load was sent. */
export interface Blow {
  /** Share of the load, 0 to 1. */
  at: number;
  kind: 'kill' | 'freeze';
  target: Target;
  /** How long the process is away. */
  ms: number;
}

/** The blows of a run, from its seed; every fourth beside the kills is a worker that stops for longer than its timeouts. */
export function planBlows({ seed, kills, until = 0.9 }: { seed: number; kills: number; until?: number }): Blow[] {
  const dice = createDice(seed, 'blows');
  const at = (index: number, count: number): number => ((index + dice.int(20, 80) / 100) / count) * until;
  const killed = Array.from({ length: kills }, (_, index): Blow => {
    // Each of the four comes up early, so that a short run meets them all.
    const order = ['worker', 'temporal', 'gateway', 'mysql'] as const;
    const target = index < order.length ? (order[index] ?? 'worker') : dice.pick(LATER_TARGETS);
    return { at: at(index, kills), kind: 'kill', target, ms: dice.int(100, 2_500) };
  });
  const freezes = Math.ceil(kills / 4);
  const frozen = Array.from(
    { length: freezes },
    (_, index): Blow => ({
      at: at(index, freezes),
      kind: 'freeze',
      target: 'worker',
      ms: dice.int(4_000, 9_000),
    }),
  );
  return [...killed, ...frozen].sort((a, b) => a.at - b.at);
}

export interface TroubleOptions {
  seed: number;
  blows: readonly Blow[];
  targets: Readonly<Record<Target, readonly KeptProgram[]>>;
  twins: TwinControl;
  /** Faults that stay for the whole load instead of the usual ones that come and go. */
  faults?: Partial<Record<TwinName, readonly Fault[]>>;
  /** Milliseconds between two times at which all tokens die. @default chance */
  tokensDieEveryMs?: number;
  progress(): number;
  onBlow(blow: Blow): void;
}

/** Makes trouble until the load is sent, then takes every fault away; resolves when everything runs again. */
export async function makeTrouble(options: TroubleOptions): Promise<void> {
  const dice = createDice(options.seed, 'trouble');
  const stopped = new AbortController();
  const faults = options.faults ? keepFaults(options, stopped.signal) : changeFaults(options, dice, stopped.signal);
  const under: Promise<void>[] = [];
  for (const blow of options.blows) {
    while (options.progress() < blow.at) await sleep(POLL_MS);
    const all = options.targets[blow.target];
    const program = all[dice.int(0, all.length - 1)];
    if (!program) continue;
    options.onBlow(blow);
    // One at a time for each program, several at once over all.
    under.push(blow.kind === 'kill' ? program.kill(blow.ms) : program.freeze(blow.ms));
  }
  while (options.progress() < 1) await sleep(POLL_MS);
  await Promise.all(under);
  stopped.abort();
  await faults;
  for (const twin of TWINS) await options.twins.setFaults(twin, []);
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

async function changeFaults({ twins }: TroubleOptions, dice: Dice, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const twin of TWINS) {
      const chosen = dice.chance(0.5)
        ? [...dice.pick(FAULT_MENU[twin]), ...(dice.chance(0.4) ? dice.pick(FAULT_MENU[twin]) : [])]
        : [];
      await twins.setFaults(twin, chosen);
    }
    // Seldom: a fresh token that dies before its first use is one that the channel refuses, and stops the connection.
    if (dice.chance(0.08)) await twins.expireTokens(dice.pick(['ajio', 'eshopbox', 'shiphero']));
    await pause(dice.int(1_000, 3_000), signal);
  }
}

async function keepFaults(
  { twins, faults = {}, tokensDieEveryMs }: TroubleOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const twin of TWINS) await twins.setFaults(twin, faults[twin] ?? []);
  while (!signal.aborted) {
    await pause(tokensDieEveryMs ?? POLL_MS, signal);
    if (tokensDieEveryMs !== undefined && !signal.aborted) await twins.expireTokens('ajio');
  }
}
