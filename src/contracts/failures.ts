/** Everything that can go wrong, as a closed set: code branches on the type, never on a text. */
export const FAILURE_TYPES = [
  'ChannelUnavailable',
  'ChannelRateLimited',
  'ChannelStillWorking',
  'ChannelAuthFailed',
  'ChannelRejected',
  'ChannelContractViolated',
  'OutcomeUnknown',
  'LineInUse',
  'InputInvalid',
  'ConnectionNotFound',
  'OrderNotFound',
  'ConnectionPaused',
  'CapabilityMissing',
  'InvariantBroken',
  'StoreUnavailable',
  'AttemptLost',
] as const;

export type FailureType = (typeof FAILURE_TYPES)[number];

export const isFailureType = (value: unknown): value is FailureType =>
  (FAILURE_TYPES as readonly unknown[]).includes(value);

/** What travels with a failure into the history: no tokens, no addresses, no raw bodies. */
export interface FailureDetails {
  connectionId?: number;
  channel?: string;
  /** HTTP status of the answer, where there was one. */
  status?: number;
  /** The channel's own words, shortened and cleaned of secrets. */
  channelWords?: string;
  /** The channel's own id of the request: its support asks for it. */
  requestId?: string;
  /** Which token was refused, so that only its holders refresh it. */
  tokenGeneration?: number;
  /** How long to wait before the next request, in milliseconds: as the channel asked, or until its rate limit allows one. */
  retryAfterMs?: number;
  /** The turn that was reserved for this request; handed back when it is made again. */
  slot?: ReservedSlot;
  /** How often the channel itself failed in this activity, this attempt included; attempts that ended for another reason are not counted. */
  channelFailures?: number;
  /** The push whose lines have their verdicts although the call failed: it concerns no other. */
  settled?: { pushId: string; lines: number };
  /** A person has to restore the connection first: no login can help. */
  needsReauth?: true;
  /** The request may be applied although it failed, as behind a gateway's 504. Absent: certainly not, or the type says it. */
  mayStillApply?: true;
}

/** What an activity failed of, as logs and metrics get it. */
export interface ObservedFailure {
  activityType: string;
  /** `Unexpected`: outside the closed set, such as a bug. */
  type: FailureType | 'Unexpected';
  message: string;
  details: FailureDetails;
  /** The run that the activity belongs to. Absent for an activity without a workflow. */
  workflowId?: string;
  runId?: string;
  /** Of the order, where the run is one of an order. */
  orderNumber?: string;
}

/** A turn at a channel's rate limit that lies ahead, so that nobody waits for it inside an activity. */
export interface ReservedSlot {
  /** By the database's clock, milliseconds since the epoch. */
  atMs: number;
  /** Credits that are paid already and will have come back by then; 0 where the channel counts none. */
  credits: number;
  /** How many turns this request let pass because it came too late: the next time it comes earlier. */
  missed: number;
}

interface Treatment {
  /** Whether trying again can help: done by the activity's retry policy, or by the workflow for what {@link NOT_THE_CHANNELS} names. */
  retried: boolean;
  /** Expected in normal operation: kept out of error metrics and logs. */
  benign: boolean;
}

/** The one place that says whether a failure is retried by policy. Everything else is decided in a workflow or by a person. */
export const TREATMENT: Record<FailureType, Treatment> = {
  ChannelUnavailable: { retried: true, benign: false },
  ChannelRateLimited: { retried: true, benign: true },
  // A job that the channel has not worked off yet: asked again until a deadline.
  ChannelStillWorking: { retried: true, benign: true },
  // The workflow refreshes the token and calls again: trying again with the same token cannot help.
  ChannelAuthFailed: { retried: false, benign: false },
  ChannelRejected: { retried: false, benign: false },
  ChannelContractViolated: { retried: false, benign: false },
  // The workflow reads back what happened before anything is sent again.
  OutcomeUnknown: { retried: false, benign: false },
  // Another order asks for what is the same line at the marketplace: waited for, because both together could not be told apart.
  LineInUse: { retried: true, benign: true },
  InputInvalid: { retried: false, benign: false },
  ConnectionNotFound: { retried: false, benign: false },
  // Its row is gone, as after the database was put back to an older copy: the run stores it again, or asks a person.
  OrderNotFound: { retried: false, benign: false },
  ConnectionPaused: { retried: false, benign: true },
  CapabilityMissing: { retried: false, benign: false },
  InvariantBroken: { retried: false, benign: false },
  StoreUnavailable: { retried: true, benign: false },
  // Its worker died, hung, was shut down or was told to stop: says nothing of the channel. What it had asked for may have been applied.
  AttemptLost: { retried: true, benign: true },
};

/** What no channel can be charged with: such an attempt is made again without being counted. */
export const NOT_THE_CHANNELS: ReadonlySet<string> = new Set<FailureType>([
  'ChannelRateLimited',
  'LineInUse',
  'StoreUnavailable',
  'AttemptLost',
]);

export const NEVER_RETRIED: readonly FailureType[] = FAILURE_TYPES.filter((type) => !TREATMENT[type].retried);
