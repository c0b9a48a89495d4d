import type { ActivityOptions } from '@temporalio/workflow';
import { NEVER_RETRIED, NOT_THE_CHANNELS } from '../contracts/failures';

const nonRetryableErrorTypes = [...NEVER_RETRIED];

/** How an attempt ends whose worker was lost; the prefix is Temporal's own for a timeout. */
const LOST_ATTEMPTS = ['WorkerShutdown', 'TemporalTimeout:Heartbeat', 'TemporalTimeout:StartToClose'];

/**
 * A policy that counts what the channel itself failed of, and nothing else: an attempt that ended for another reason ends the
 * activity, and `callChannel` makes it again with the attempts that are left.
 */
const channelsOwn = {
  nonRetryableErrorTypes: [...NEVER_RETRIED, ...NOT_THE_CHANNELS, ...LOST_ATTEMPTS],
};

/**
 * Our own database and Temporal: they come back, so there is no end to trying; a minute between tries spares them. Without a
 * heartbeat for 3 s the worker is gone, and the connection must not stand still for the rest of the 30 s.
 */
export const HOME = {
  startToCloseTimeout: '30s',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1m', nonRetryableErrorTypes },
} as const satisfies ActivityOptions;

/** What would be good to know while a person is asked, and must not keep them from being asked. */
export const ASIDE = {
  ...HOME,
  startToCloseTimeout: '10s',
  retry: { ...HOME.retry, maximumAttempts: 1 },
} as const satisfies ActivityOptions;

/** Waking a sync for stock that is stored: the sweep makes up for what could not be woken. */
export const POKE = {
  ...HOME,
  retry: { ...HOME.retry, maximumAttempts: 5 },
} as const satisfies ActivityOptions;

/** Sweeps and deletions go on for minutes and say that they are alive; the next schedule does what this one left. */
export const UPKEEP = {
  startToCloseTimeout: '10m',
  heartbeatTimeout: '1m',
  retry: { initialInterval: '5s', maximumAttempts: 3, nonRetryableErrorTypes },
} as const satisfies ActivityOptions;

/**
 * One push of stock: a 5xx is tried twice more, as for orders, before the connection rests and probes. The HTTP client gives
 * up after 15 s and a turn is waited for 4 s at most, so 30 s end only what hangs for another reason; without a heartbeat for 3 s the worker is gone.
 */
export const CHANNEL_PUSH = {
  startToCloseTimeout: '30s',
  heartbeatTimeout: '3s',
  retry: { maximumAttempts: 3, initialInterval: '2s', backoffCoefficient: 2, ...channelsOwn },
} as const satisfies ActivityOptions;

/** Asking for a job: what an attempt without an answer started is found by the next one. */
export const JOB_START = CHANNEL_PUSH;

/**
 * Looking whether a job has ended: soon at first and then ever more rarely, a job that tells its progress when it should be
 * done. `scheduleToCloseTimeout` is the job's own deadline and stands in the call.
 */
export const JOB_WATCH = {
  startToCloseTimeout: '30s',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m', ...channelsOwn },
} as const satisfies ActivityOptions;

/** Reading what became of a job's rows: several pages, each waiting for its credits; an attempt goes on where the last one ended. */
export const JOB_COLLECT = {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '3s',
  retry: { maximumAttempts: 5, initialInterval: '2s', backoffCoefficient: 2, ...channelsOwn },
} as const satisfies ActivityOptions;

/**
 * A file at an address that a caller named: the download itself ends after 30 s, the rest is for storing 3,000 rows. A server that
 * fails three times in a row is the caller's business, who is told and can ask again; MySQL away and lost workers are not.
 */
export const FILE_DOWNLOAD = {
  startToCloseTimeout: '45s',
  heartbeatTimeout: '3s',
  retry: {
    maximumAttempts: 3,
    initialInterval: '2s',
    backoffCoefficient: 3,
    nonRetryableErrorTypes: [...NEVER_RETRIED, 'StoreUnavailable', 'AttemptLost', ...LOST_ATTEMPTS],
  },
} as const satisfies ActivityOptions;

/** A file during which the worker is lost more often than this may be what kills it: it is refused. */
export const MAX_LOST_DOWNLOADS = 10;

/**
 * The source's law for marketplace cancels: a 5xx is tried twice more, nothing else is. A run that is cancelled learns first what
 * became of the request on the wire.
 */
export const MARKETPLACE_CANCEL = {
  ...CHANNEL_PUSH,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
} as const satisfies ActivityOptions;

/** Reading changes nothing, so it is tried longer than a cancel before a person is asked. */
export const MARKETPLACE_READ = {
  ...CHANNEL_PUSH,
  retry: { ...CHANNEL_PUSH.retry, maximumAttempts: 6, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/** A login of the WMS that is away is tried again for so long: shorter than a cancel, whose last failure comes just before its day is over. */
export const WMS_LOGIN_TRIED_FOR_MS = 43_200_000;

/** The marketplace is done and cannot be undone, so the WMS is tried for a day. */
export const WMS_CANCEL = {
  startToCloseTimeout: '30s',
  heartbeatTimeout: '3s',
  scheduleToCloseTimeout: '1 day',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '10m', ...channelsOwn },
} as const satisfies ActivityOptions;

/** A login: short of attempts because a wrong password must not be tried into a lock-out. */
export const TOKEN_REFRESH = {
  startToCloseTimeout: '45s',
  heartbeatTimeout: '3s',
  retry: { maximumAttempts: 4, initialInterval: '1s', backoffCoefficient: 3, nonRetryableErrorTypes },
} as const satisfies ActivityOptions;

/** How long a run waits for a person before it fails by itself. */
export const ATTENTION_TIMEOUT = '7 days';

/** How long a sync stays open for the next poke: one run then shows a burst, not a thousand runs. */
export const QUIET_TIME = '2s';

/** How often a channel that is down is asked again: often enough to be quick after an outage; a probe is at most one push per lane. */
export const PROBE_INTERVAL_MS = 30_000;

/** How often a sync looks whether something of our own that was gone is there again; rarer, since a fault of ours may be behind it. */
export const LOOK_INTERVAL_MS = 60_000;

/** How rarely at most, however long the pause is that a channel asks for. */
export const MAX_PROBE_INTERVAL_MS = 600_000;

/** Lines that are due later than this are left to the sweep, so that no run idles for long. */
export const MAX_IDLE_MS = 45_000;

/** Rounds of "no answer, read back, still open, ask again" before a person is asked. */
export const MAX_READ_BACKS = 3;

/** Between two sweeps: what got lost is found within this and the age that makes it stale, so that an outage is over a minute after its end. */
export const SWEEP_PAUSE = '20s';

/** An hour and more; some thousand events, well below what Temporal asks to be continued as new. */
export const SWEEPS_PER_RUN = 200;
