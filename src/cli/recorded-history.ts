import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { z } from 'zod';
import { CliError } from './failures';

/** A history that can be replayed. */
export interface RecordedHistory {
  workflowId: string;
  runId: string;
  workflowType: string;
  history: ReturnType<typeof historyFromJSON>;
  /** Its events in words, in the order of their ids, which begin with 1. */
  events: readonly RecordedEvent[];
  /** How many events there are at least before there is anything to compare: until the first workflow task is completed. */
  firstReplayable: number;
  /** Whether the end of the run is not among the events. */
  isOpen: boolean;
}

/** One event as a person reads it: `ActivityTaskScheduled`, `pushChunk`. */
export interface RecordedEvent {
  id: number;
  type: string;
  /** What it was about; empty where the type says all. */
  subject: string;
}

const named = z.looseObject({ name: z.string() });
const attributes = z.looseObject({
  workflowType: named.optional(),
  activityType: named.optional(),
  signalName: z.string().optional(),
  markerName: z.string().optional(),
  timerId: z.string().optional(),
  startToFireTimeout: z.string().optional(),
  searchAttributes: z.looseObject({ indexedFields: z.record(z.string(), z.unknown()).optional() }).optional(),
});
const event = z
  .looseObject({ eventId: z.coerce.number().int(), eventType: z.string() })
  .refine((one) => Object.keys(one).some((key) => key.endsWith('EventAttributes')));
const events = z.array(event).min(1);
const whole = z.looseObject({ events }).transform((one) => one.events);
const document = z.union([whole, z.looseObject({ history: whole }).transform((answer) => answer.history), events]);
const started = z.looseObject({
  workflowExecutionStartedEventAttributes: z.looseObject({
    workflowType: named,
    workflowId: z.string().optional(),
    originalExecutionRunId: z.string().optional(),
  }),
});
const payloads = z.array(z.looseObject({ metadata: z.looseObject({ encoding: z.string() }) }));

const CLOSING = /^WorkflowExecution(Completed|Failed|TimedOut|Canceled|Terminated|ContinuedAsNew)$/;

/** `EVENT_TYPE_TIMER_STARTED` and `TimerStarted` are the same: older servers and tools spell it without capitals. */
const plainType = (type: string): string =>
  type.startsWith('EVENT_TYPE_')
    ? type
        .slice('EVENT_TYPE_'.length)
        .toLowerCase()
        .replace(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase())
    : type;

function describe(one: z.output<typeof event>): RecordedEvent {
  const key = Object.keys(one).find((name) => name.endsWith('EventAttributes')) ?? '';
  const found = attributes.safeParse(one[key]).data ?? {};
  const { activityType, workflowType, signalName, markerName, timerId, startToFireTimeout, searchAttributes } = found;
  const timer = timerId === undefined ? undefined : [timerId, startToFireTimeout].filter(Boolean).join(' of ');
  const names = Object.keys(searchAttributes?.indexedFields ?? {}).join(', ');
  const subject = activityType?.name ?? workflowType?.name ?? signalName ?? markerName ?? timer ?? names;
  return { id: one.eventId, type: plainType(one.eventType), subject };
}

/** Fields that hold payloads: `{"payloads": […]}` as the server keeps them, a plain list once they were decoded. */
const HOLDS_PAYLOADS = ['input', 'result', 'details', 'lastHeartbeatDetails'];

/** Whether every payload is as the server keeps it: a download of decoded ones cannot be fed to a workflow. */
function hasRawPayloads(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, inner]) => {
    if (name === 'payloads') return payloads.safeParse(inner).success;
    return !(HOLDS_PAYLOADS.includes(name) && Array.isArray(inner)) && hasRawPayloads(inner);
  });
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const isCutOff = /^\s*[[{]/.test(text) && !/[\]}]\s*$/.test(text);
    throw new CliError(
      isCutOff ? `${source} is cut off: it ends in the middle; download it again` : `${source} is not JSON`,
    );
  }
}

/**
 * Reads what the Web UI downloads and `temporal workflow show --output json` prints, `{"events": […]}`, also as the list alone or as
 * the HTTP API wraps it.
 * `source` is what the text is called in a {@link CliError}, which says why it is no history that can be replayed.
 */
export function readHistory(text: string, source: string): RecordedHistory {
  const parsed = document.safeParse(parseJson(text, source));
  if (!parsed.success) throw new CliError(`${source} is no workflow history: a list of events was expected`);
  const described = parsed.data.map(describe);
  const [first] = described;
  if (first?.type !== 'WorkflowExecutionStarted') {
    throw new CliError(`${source} is only a part of a history: it begins with event ${first?.id} (${first?.type})`);
  }
  const gap = described.findIndex(({ id }, index) => id !== index + 1);
  if (gap !== -1) {
    throw new CliError(`${source} is not a whole history: where event ${gap + 1} belongs stands ${described[gap]?.id}`);
  }
  if (!hasRawPayloads(parsed.data)) {
    throw new CliError(`${source} has decoded payloads: download it again with "Decode Event History" switched off`);
  }
  const start = started.safeParse(parsed.data[0]);
  if (!start.success) throw new CliError(`${source} does not say of which workflow type it is`);
  const { workflowType, workflowId, originalExecutionRunId } = start.data.workflowExecutionStartedEventAttributes;
  const completed = described.findIndex(({ type }) => type === 'WorkflowTaskCompleted');
  if (completed === -1) {
    throw new CliError(`${source} has nothing to replay: no worker has completed a workflow task of it`);
  }
  return {
    workflowId: workflowId ?? source,
    runId: originalExecutionRunId ?? '',
    workflowType: workflowType.name,
    history: toProto(parsed.data, source),
    events: described,
    firstReplayable: completed + 1,
    isOpen: !CLOSING.test(described.at(-1)?.type ?? ''),
  };
}

function toProto(list: readonly unknown[], source: string): RecordedHistory['history'] {
  try {
    return historyFromJSON({ events: list });
  } catch (error) {
    throw new CliError(`${source} is no workflow history: ${error instanceof Error ? error.message : String(error)}`);
  }
}
