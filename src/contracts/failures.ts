/** Everything that can go wrong, as a closed set: code branches on the type, never on a text. */
export const FAILURE_TYPES = [
  'ChannelUnavailable',
  'ChannelRateLimited',
  'ChannelStillWorking',
  'ChannelAuthFailed',
  'ChannelRejected',
  'ChannelContractViolated',
  'OutcomeUnknown',
  'InputInvalid',
  'ConnectionNotFound',
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
  /** Which token was refused, so that only its holders refresh it. */
  tokenGeneration?: number;
  /** How long the channel asked us to wait, in milliseconds. */
  retryAfterMs?: number;
}

interface Treatment {
  /** Whether the activity's own retry policy tries again. */
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
  InputInvalid: { retried: false, benign: false },
  ConnectionNotFound: { retried: false, benign: false },
  ConnectionPaused: { retried: false, benign: true },
  CapabilityMissing: { retried: false, benign: false },
  InvariantBroken: { retried: false, benign: false },
  StoreUnavailable: { retried: true, benign: false },
  // Its worker died, hung, was shut down or was told to stop: says nothing of the channel. What it had asked for may have been applied.
  AttemptLost: { retried: true, benign: true },
};

export const NEVER_RETRIED: readonly FailureType[] = FAILURE_TYPES.filter((type) => !TREATMENT[type].retried);
