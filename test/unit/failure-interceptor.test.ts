import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { CallNotMade } from '../../src/activities/call-not-made';
import { FailureInterceptor, type FailureObserver } from '../../src/activities/failures';
import { HeartbeatInterceptor } from '../../src/activities/heartbeats';
import { ConnectorError } from '../../src/connectors/errors';
import { FAILURE_TYPES, NEVER_RETRIED, TREATMENT } from '../../src/contracts/failures';
import { orderWorkflowId } from '../../src/contracts/ids';

const ORDER_RUN = {
  workflowId: orderWorkflowId({
    accountSlug: 'spykar',
    externalChannelId: 'CH1',
    orderNumber: 'O/1',
    linesHash: 'abc',
  }),
  runId: '01a2004c-86ad-7413-9af9-49151c12dc1d',
};
const SUBJECT = { activityType: 'pushChunk', ...ORDER_RUN, orderNumber: 'O/1' };

/** What Temporal and the observer get to see when an activity throws `error`. */
async function translated(error: unknown, heartbeatDetails?: unknown) {
  const beats: unknown[] = [];
  const observed: Parameters<FailureObserver>[0][] = [];
  const environment = new MockActivityEnvironment(
    { activityType: 'pushChunk', heartbeatDetails, workflowExecution: ORDER_RUN },
    { logger: new DefaultLogger('ERROR') },
  );
  environment.on('heartbeat', (beat) => void beats.push(beat));
  const [failure, answer] = await environment
    .run(() =>
      new FailureInterceptor(Context.current(), (one) => void observed.push(one)).execute(
        { args: [], headers: {} },
        () => Promise.reject(error),
      ),
    )
    .then(
      (value: unknown) => [undefined, value],
      (reason: unknown) => [reason, undefined],
    );
  return { failure, answer, observed, beats };
}

async function applicationFailureOf(error: unknown) {
  const { failure, observed } = await translated(error);
  if (!(failure instanceof ApplicationFailure)) throw new Error('an ApplicationFailure was expected');
  return { failure, observed };
}

it.each(FAILURE_TYPES)('translates %s as the table of failures says', async (type) => {
  const details = { connectionId: 294, channelWords: 'no' };
  const { failure, observed } = await applicationFailureOf(new ConnectorError(type, 'what happened', { details }));
  expect(failure.type).toBe(type);
  expect(failure.message).toBe('what happened');
  const shown = type === 'ChannelUnavailable' ? { ...details, channelFailures: 1 } : details;
  expect(failure.details).toEqual([shown]);
  expect(failure.nonRetryable).toBe(!TREATMENT[type].retried);
  expect(failure.category === ApplicationFailureCategory.BENIGN).toBe(TREATMENT[type].benign);
  expect(observed).toEqual([{ ...SUBJECT, type, message: 'what happened', details: shown }]);
});

it.each([
  ['ChannelUnavailable', 3],
  ['StoreUnavailable', 2],
  ['ChannelRateLimited', 2],
  ['ChannelRejected', 2],
] as const)('after two failures of the channel, %s leaves %d for the next attempt', async (type, channelFailures) => {
  const { failure, beats } = await translated(new ConnectorError(type, 'x'), { channelFailures: 2 });
  expect(failure).toMatchObject({ details: [{ channelFailures }] });
  expect(beats).toEqual([{ channelFailures }]);
});

it('waits as long as the channel asked', async () => {
  const error = new ConnectorError('ChannelRateLimited', 'slow down', { details: { retryAfterMs: 7_000 } });
  expect((await applicationFailureOf(error)).failure.nextRetryDelay).toBe(7_000);
});

it('calls a database that is away by its name, without the words of the driver', async () => {
  const error = Object.assign(new Error("connect ECONNREFUSED, near 'secret'"), { code: 'ECONNREFUSED' });
  const { failure, observed } = await applicationFailureOf(error);
  expect(failure).toMatchObject({ type: 'StoreUnavailable', message: 'MySQL cannot be reached', nonRetryable: false });
  expect(JSON.stringify([failure.message, failure.details, observed])).not.toContain('secret');
});

it.each([
  ['ER_LOCK_DEADLOCK', 1213, '40001', 'StoreUnavailable'],
  ['ER_OPTION_PREVENTS_STATEMENT', 1290, 'HY000', 'StoreUnavailable'],
  ['ER_READ_ONLY_MODE', 1836, 'HY000', 'StoreUnavailable'],
  ['ER_DISK_FULL', 1021, 'HY000', 'StoreUnavailable'],
  ['ER_RECORD_FILE_FULL', 1114, 'HY000', 'StoreUnavailable'],
  ['ER_QUERY_INTERRUPTED', 1317, '70100', 'StoreUnavailable'],
  ['ER_TOO_MANY_USER_CONNECTIONS', 1203, '42000', 'StoreUnavailable'],
  ['ER_NOBODY_KNOWS_THIS_ONE', 9999, 'HY000', 'StoreUnavailable'],
  ['ER_DATA_TOO_LONG', 1406, '22001', 'InvariantBroken'],
  ['ER_NO_SUCH_TABLE', 1146, '42S02', 'InvariantBroken'],
  ['ER_NO_DEFAULT_FOR_FIELD', 1364, 'HY000', 'InvariantBroken'],
])('turns %s into a failure without the statement and its values', async (code, errno, sqlState, type) => {
  const error = Object.assign(new Error("Data too long near 'CANARY'"), {
    code,
    errno,
    sqlState,
    sql: "UPDATE t SET a = 'CANARY'",
  });
  const { failure, observed } = await translated(error);
  expect(failure).toMatchObject({
    type,
    message: `MySQL refused a statement (${code})`,
    nonRetryable: type === 'InvariantBroken',
  });
  expect(JSON.stringify([failure, observed])).not.toContain('CANARY');
});

it('leaves what it does not know as it is, and tells of it without repeating its words', async () => {
  const error = new TypeError('a mistake in the code');
  const observed = [{ activityType: expect.any(String), type: 'Unexpected', message: 'TypeError', details: {} }];
  expect(await translated(error)).toMatchObject({ failure: error, observed });
});

it('takes whatever an activity throws after it was told to stop for a cancellation, and counts no failure', async () => {
  const observed: unknown[] = [];
  const environment = new MockActivityEnvironment({ activityType: 'pushChunk' });
  const run = environment.run(() =>
    new FailureInterceptor(Context.current(), (one) => void observed.push(one)).execute(
      { args: [], headers: {} },
      () => {
        environment.cancel();
        return Promise.reject(new ConnectorError('OutcomeUnknown', 'cut off'));
      },
    ),
  );
  await expect(run).rejects.toBeInstanceOf(CancelledFailure);
  expect(observed).toEqual([]);
});

it.each([
  [undefined, {}],
  [{ channelFailures: 2 }, { channelFailures: 2 }],
])('makes a call that a login comes before into an answer, and no failure of it, after %j', async (beat, counted) => {
  const due = { tokenGeneration: 3, reason: 'there is no usable token' };
  const { failure, answer, observed } = await translated(new CallNotMade(due), beat);
  expect([failure, observed]).toEqual([undefined, []]);
  expect(answer).toEqual({ loginDue: { ...due, ...counted } });
});

it('returns what the activity returns', async () => {
  const result = new MockActivityEnvironment().run(() =>
    new FailureInterceptor(Context.current(), () => undefined).execute({ args: [], headers: {} }, async () => 7),
  );
  await expect(result).resolves.toBe(7);
});

it('retries only what time may heal', () => {
  expect(FAILURE_TYPES.filter((type) => !NEVER_RETRIED.includes(type))).toEqual([
    'ChannelUnavailable',
    'ChannelRateLimited',
    'ChannelStillWorking',
    'LineInUse',
    'StoreUnavailable',
    'AttemptLost',
  ]);
});

describe('heartbeats', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  async function beatsIn(ms: number, heartbeatTimeoutMs: number | undefined): Promise<number> {
    const environment = new MockActivityEnvironment(heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMs });
    let beats = 0;
    environment.on('heartbeat', () => {
      beats += 1;
    });
    await environment.run(() =>
      new HeartbeatInterceptor(Context.current()).execute({ args: [], headers: {} }, async () => {
        await jest.advanceTimersByTimeAsync(ms);
      }),
    );
    const afterwards = beats;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(beats).toBe(afterwards);
    return beats;
  }

  it('come every second while the activity runs, and end with it', async () => {
    expect(await beatsIn(3_200, 5_000)).toBe(3);
  });

  it('do not come where nobody waits for them', async () => {
    expect(await beatsIn(3_200, undefined)).toBe(0);
  });
});
