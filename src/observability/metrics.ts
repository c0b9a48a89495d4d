import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { FailureType } from '../contracts/failures';
import type { PushResult } from '../contracts/stock';
import type { WarningKind } from '../contracts/submission';

/** Media type of {@link Metrics.text}. */
export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Several sweeps long. */
const SWEEP_COUNTS_MS = 120_000;

/** Prometheus metrics of one process. Labels are few and never personal: channel, type, route. */
export interface Metrics {
  registry: Registry;
  onFailure(failure: { activityType: string; type: FailureType | 'Unexpected'; channel: string | undefined }): void;
  onVerdicts(channel: string, result: PushResult): void;
  onLogin(channel: string): void;
  onAnswer(answer: { method: string; route: string; status: number; durationMs: number }): void;
  onLostPoke(): void;
  onEventWarning(kind: WarningKind): void;
  onSweep(result: { failedCount: number }): void;
  onNamespaceChecked(isReady: boolean): void;
  /** Parked events are counted when the metrics are read. */
  watchParked(count: () => Promise<number>): void;
  /** Prometheus text format. */
  text(): Promise<string>;
}

/** Together with the usual ones of the Node process. These are watched until it ends: only for a program, once. */
export function createProcessMetrics(): Metrics {
  const metrics = createMetrics();
  collectDefaultMetrics({ register: metrics.registry });
  return metrics;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const failures = new Counter({
    name: 'stockbridge_failures_total',
    help: 'Failed activity attempts by what happened',
    labelNames: ['activity', 'type', 'channel'],
    registers,
  });
  const lines = new Counter({
    name: 'stockbridge_stock_lines_total',
    help: 'Stock lines sent, by the verdict of the channel',
    labelNames: ['channel', 'verdict'],
    registers,
  });
  const pushes = new Counter({
    name: 'stockbridge_pushes_total',
    help: 'Answered stock requests',
    labelNames: ['channel'],
    registers,
  });
  const logins = new Counter({
    name: 'stockbridge_logins_total',
    help: 'Logins at a channel',
    labelNames: ['channel'],
    registers,
  });
  const answers = new Histogram({
    name: 'stockbridge_gateway_answer_seconds',
    help: 'Time until the gateway answered',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const lostPokes = new Counter({
    name: 'stockbridge_lost_pokes_total',
    help: 'Calls to Temporal that failed after the data was stored; the sweep makes up for them',
    registers,
  });
  const eventWarnings = new Counter({
    name: 'stockbridge_event_warnings_total',
    help: 'Stock events that were taken although something about them is odd, by what it is',
    labelNames: ['kind'],
    registers,
  });
  let sweptAtMs = 0;
  const sweepFailed = new Gauge({
    name: 'stockbridge_sweep_failed',
    help: 'Stored work that the last sweep could not start; 0 in a process that has not swept for two minutes',
    registers,
    collect() {
      // Another worker may sweep now: what this one saw last is not the state any more.
      if (Date.now() - sweptAtMs > SWEEP_COUNTS_MS) sweepFailed.set(0);
    },
  });
  const namespaceReady = new Gauge({
    name: 'stockbridge_namespace_ready',
    help: 'Whether Temporal had, or was given, what the programs need when this worker last looked; not a number before',
    registers,
  });
  namespaceReady.set(Number.NaN);
  return {
    registry,
    onFailure: ({ activityType, type, channel }) =>
      failures.inc({ activity: activityType, type, channel: channel ?? 'none' }),
    onVerdicts(channel, result) {
      pushes.inc({ channel });
      for (const verdict of ['accepted', 'rejected', 'unknown', 'unsent'] as const)
        lines.inc({ channel, verdict }, result[verdict] ?? 0);
    },
    onLogin: (channel) => logins.inc({ channel }),
    onAnswer: ({ method, route, status, durationMs }) => answers.observe({ method, route, status }, durationMs / 1_000),
    onLostPoke: () => lostPokes.inc(),
    onEventWarning: (kind) => eventWarnings.inc({ kind }),
    onSweep({ failedCount }) {
      sweptAtMs = Date.now();
      sweepFailed.set(failedCount);
    },
    onNamespaceChecked: (isReady) => namespaceReady.set(isReady ? 1 : 0),
    watchParked(count) {
      const parked = new Gauge({
        name: 'stockbridge_parked_events',
        help: 'Authentic events that could not be used and wait for a redrive',
        registers,
        async collect() {
          // A scrape must not fail because the database is away: that is what the other metrics are for.
          await count().then(
            (events) => parked.set(events),
            () => parked.set(Number.NaN),
          );
        },
      });
    },
    text: () => registry.metrics(),
  };
}
