import { REPLAY_PATIENCE, workflowCode } from '../workflow-code';
import { CliError } from './failures';
import type { RecordedEvent, RecordedHistory } from './recorded-history';

/** Where today's code and a history part. */
export interface Divergence {
  /** `differs`: the code asks for something else than was recorded; `fails`: it throws. */
  kind: 'differs' | 'fails';
  event: RecordedEvent;
  /** In the SDK's words, which name both sides. */
  reason: string;
}

/** Without this every divergence would be told twice more, at length, on standard error. A runtime that is there already stays as it is. */
function hush({ Runtime, DefaultLogger, makeTelemetryFilterString }: typeof import('@temporalio/worker')): void {
  try {
    Runtime.install({
      logger: new DefaultLogger('ERROR', () => undefined),
      telemetryOptions: {
        logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} },
      },
    });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'IllegalStateError')) throw error;
  }
}

/** Asked for only when something is replayed, for the same reason. */
function workflowTypes(): string[] {
  const workflows: object = require('../workflows');
  return Object.keys(workflows);
}

/** The core's own sentence out of the error that the SDK packs it into; without the dump of an event that may follow. */
function reasonOf({ message }: Error): string {
  const packed = /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? message;
  return packed
    .replaceAll(/\\(["\\])/g, '$1')
    .replace(/^\[TMPRL\d+\] (Nondeterminism error: )?/, '')
    .replace(/: HistoryEvent \{.*$/s, '')
    .split('\n', 1)
    .join('');
}

/**
 * Replays a history with the workflows of this checkout, without a server; undefined when it replays. To tell where it does not,
 * ever shorter parts of it are replayed until the one event is found that makes the difference.
 */
export async function findDivergence(recorded: RecordedHistory): Promise<Divergence | undefined> {
  const { workflowId, workflowType, history, events, firstReplayable } = recorded;
  const types = workflowTypes();
  if (!types.includes(workflowType)) {
    throw new CliError(
      `${workflowId} is of type ${workflowType}, which this code does not have; it has ${types.join(', ')}`,
    );
  }
  // Loaded only here: it takes longer to load than most commands take.
  const worker = await import('@temporalio/worker');
  hush(worker);

  let good = firstReplayable - 1;
  let bad: number | undefined;
  let latest: { kind: Divergence['kind']; reason: string } | undefined;
  let length = events.length;
  function* parts() {
    while (bad === undefined || bad - good > 1) {
      yield { workflowId, history: { ...history, events: history.events?.slice(0, length) ?? [] } };
      if (bad === undefined) return;
      length = Math.floor((good + bad) / 2);
    }
  }
  for await (const { error } of worker.Worker.runReplayHistories({ ...workflowCode(), ...REPLAY_PATIENCE }, parts())) {
    if (error) {
      bad = length;
      const isDifferent = error.name === 'DeterminismViolationError';
      latest = { kind: isDifferent ? 'differs' : 'fails', reason: reasonOf(error) };
    } else if (bad !== undefined) good = length;
  }
  const event = bad === undefined ? undefined : events[bad - 1];
  return event && latest && { ...latest, event };
}
