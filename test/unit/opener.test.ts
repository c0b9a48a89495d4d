import { setTimeout as delay } from 'node:timers/promises';
import { CallNotMade } from '../../src/activities/call-not-made';
import { createOpener, requireCapability } from '../../src/activities/opener';
import { ConnectorError } from '../../src/connectors/errors';
import type { Connector } from '../../src/connectors/ports';
import { commonSettings } from '../../src/connectors/settings';
import type { Connection } from '../../src/contracts/connection';
import { createConnectionCache } from '../../src/store/connection-cache';
import type { GatePass } from '../../src/store/gates';
import { failureOfCall } from '../connectors/connector-failure';
import { sampleConnection } from '../connectors/samples';

const connectorWith = (
  requestsPerMinute: number | undefined,
  capabilities: Connector['capabilities'] = [],
): Connector => ({
  channel: 'ajio',
  role: 'sales',
  displayName: 'Sample',
  endpoints: [],
  capabilities,
  credentials: commonSettings,
  settings: commonSettings,
  listingForCode: (code) => code,
  listingFor: () => 'P/V',
  gate: (connection) => ({ key: `sample/${connection.id}`, requestsPerMinute }),
  open: () => ({
    tokenIssuer: { issueToken: async () => ({ accessToken: 'a token of the tests', expiresAtMs: null }) },
  }),
});

function openerWith(options: {
  connection?: Connection;
  pass?: GatePass;
  requestsPerMinute?: number;
  isStoreDown?: boolean;
  capabilities?: Connector['capabilities'];
  /** Whether others have used the token. */
  isTokenWorking?: boolean;
}) {
  const seen = { asked: [] as unknown[], held: [] as unknown[], noted: [] as unknown[], reads: 0 };
  const row = { current: options.connection };
  const unreachable = {
    send: () => Promise.reject(new Error('no request was expected')),
    close: async () => undefined,
  };
  const open = createOpener({
    connections: createConnectionCache({
      async find() {
        seen.reads += 1;
        return row.current;
      },
    }),
    gates: {
      async reserve(...asked) {
        seen.asked.push(asked);
        return options.pass ?? { waitMs: 0, reserved: true };
      },
      hold: async (...held) => void seen.held.push(held),
    },
    credits: {
      reserve: () => Promise.reject(new Error('this channel counts no credits')),
      learn: () => Promise.reject(new Error('this channel counts no credits')),
      doubt: () => Promise.reject(new Error('this channel counts no credits')),
      correct: () => Promise.reject(new Error('this channel counts no credits')),
    },
    workingTokens: {
      async note(...noted) {
        seen.noted.push(noted);
        if (options.isStoreDown) throw new Error('MySQL is down');
      },
      async has() {
        if (options.isStoreDown) throw new Error('MySQL is down');
        return options.isTokenWorking ?? false;
      },
    },
    connectorFor: () => connectorWith(options.requestsPerMinute, options.capabilities),
    context: { http: unreachable, endpoints: {}, now: Date.now },
  });
  return { seen, open, row };
}

const call = { signal: new AbortController().signal };

it('opens an active connection, which it reads once', async () => {
  const { open, seen } = openerWith({ connection: sampleConnection({}) });
  const opened = await open({ connectionId: 294 });
  expect((await open({ connectionId: 294 })).connection.id).toBe(294);
  expect(seen.reads).toBe(1);
  expect(requireCapability(opened, 'tokenIssuer')).toBeDefined();
});

it('uses a token at least as young as asked', async () => {
  const { open, row } = openerWith({ connection: sampleConnection({ tokenGeneration: 3 }) });
  expect((await open({ connectionId: 294, minTokenGeneration: 3 })).connection.tokenGeneration).toBe(3);
  row.current = sampleConnection({ tokenGeneration: 4 });
  expect((await open({ connectionId: 294, minTokenGeneration: 4 })).connection.tokenGeneration).toBe(4);
});

it('says which capability a channel lacks', async () => {
  const opened = await openerWith({ connection: sampleConnection({}) }).open({ connectionId: 294 });
  const failure = await failureOfCall((async () => requireCapability(opened, 'orderCanceller'))());
  expect(failure).toMatchObject({ type: 'CapabilityMissing', message: 'Sample has no orderCanceller' });
});

it('does not know a connection that is not there', async () => {
  const failure = await failureOfCall(openerWith({}).open({ connectionId: 7 }));
  expect(failure).toMatchObject({ type: 'ConnectionNotFound', details: { connectionId: 7 } });
});

it.each([
  ['paused', 'ConnectionPaused'],
  ['needs_reauth', 'ChannelAuthFailed'],
] as const)('refuses a connection that is %s, and opens it as soon as it no longer is', async (status, type) => {
  const { open, row } = openerWith({ connection: sampleConnection({ status }) });
  expect(await failureOfCall(open({ connectionId: 294 }))).toMatchObject({ type });
  row.current = sampleConnection({});
  expect((await open({ connectionId: 294 })).connection.status).toBe('active');
});

describe('a connection whose token cannot be used', () => {
  const withToken = (changes: Partial<Connection>) => sampleConnection({ tokenGeneration: 3, ...changes });
  const issuesTokens = { capabilities: ['tokenIssuer'] } as const;

  it.each([
    ['none', { accessToken: null }],
    ['one that has expired', { tokenExpiresAtMs: Date.now() - 1 }],
    ['one that dies in less than two minutes', { tokenExpiresAtMs: Date.now() + 119_999 }],
  ])('(%s) is not opened for a caller that can have a login made first', async (_which, changes) => {
    const { open } = openerWith({ connection: withToken(changes), ...issuesTokens });
    const refusal: unknown = await open({ connectionId: 294, mayAnswerLoginDue: true }).catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(CallNotMade);
    expect(refusal).toMatchObject({ loginDue: { tokenGeneration: 3, reason: expect.any(String) } });
    expect((await open({ connectionId: 294 })).connection.id).toBe(294);
  });

  it('is read anew before that is said: somebody else may have logged in', async () => {
    const { open, row } = openerWith({ connection: withToken({ accessToken: null }), ...issuesTokens });
    await open({ connectionId: 294 });
    row.current = withToken({ accessToken: 'newer', tokenGeneration: 4 });
    expect((await open({ connectionId: 294, mayAnswerLoginDue: true })).connection.tokenGeneration).toBe(4);
  });

  it('is opened where its channel issues none', async () => {
    const { open, seen } = openerWith({ connection: withToken({ accessToken: null }) });
    await open({ connectionId: 294, mayAnswerLoginDue: true });
    await open({ connectionId: 294, mayAnswerLoginDue: true });
    expect(seen.reads).toBe(1);
  });
});

describe('the gate', () => {
  it.each([
    [undefined, 0],
    // With 2.5 % to spare.
    [60, 1_025],
    [120, 512.5],
  ])('at %p requests a minute spaces them by %d ms', async (requestsPerMinute, intervalMs) => {
    const { open, seen } = openerWith({
      connection: sampleConnection({}),
      ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    });
    await (await open({ connectionId: 294 })).passGate(call);
    expect(seen.asked).toEqual([['sample/294', intervalMs, expect.any(Number), undefined]]);
  });

  it('waits for a slot that is near', async () => {
    const { open } = openerWith({ connection: sampleConnection({}), pass: { waitMs: 60, reserved: true } });
    const startedMs = performance.now();
    await (await open({ connectionId: 294 })).passGate(call);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(55);
  });

  it('stops waiting when the activity is cancelled', async () => {
    const { open } = openerWith({
      connection: sampleConnection({}),
      pass: { waitMs: 900, reserved: true, slotAtMs: 5_000 },
    });
    const cancelled = new AbortController();
    const passing = (await open({ connectionId: 294 })).passGate({ signal: cancelled.signal });
    await delay(10);
    cancelled.abort();
    await expect(passing).rejects.toThrow(/abort/i);
  });

  it('hands a wait that is long to Temporal', async () => {
    const { open } = openerWith({ connection: sampleConnection({}), pass: { waitMs: 9_000, reserved: false } });
    const failure = await failureOfCall((await open({ connectionId: 294 })).passGate(call));
    expect(failure).toMatchObject({ type: 'ChannelRateLimited', details: { retryAfterMs: 9_000 } });
    expect(failure.details.slot).toBeUndefined();
  });

  it('reserves a slot that is far, and says when to come back for it', async () => {
    const pass = { waitMs: 9_000, reserved: true, slotAtMs: 77_000 };
    const { open } = openerWith({ connection: sampleConnection({}), pass });
    const failure = await failureOfCall((await open({ connectionId: 294 })).passGate(call));
    expect(failure).toMatchObject({
      type: 'ChannelRateLimited',
      details: { retryAfterMs: 8_500, slot: { atMs: 77_000, credits: 0, missed: 0 } },
    });
  });

  it('asks for the slot that was reserved, for the first request only', async () => {
    const pass = { waitMs: 0, reserved: true, slotAtMs: 77_000 };
    const { open, seen } = openerWith({ connection: sampleConnection({}), pass });
    const { passGate } = await open({ connectionId: 294, slot: { atMs: 77_000, credits: 0, missed: 0 } });
    await passGate(call);
    await passGate(call);
    expect(seen.asked.map((asked) => (asked as unknown[])[3])).toEqual([77_000, undefined]);
  });

  it('comes ever earlier for the next slot when it came too late for the one before', async () => {
    const pass = { waitMs: 20_000, reserved: true, slotAtMs: 97_000 };
    const { open } = openerWith({ connection: sampleConnection({}), pass });
    const retryAfter = async (missed: number) => {
      const { passGate } = await open({ connectionId: 294, slot: { atMs: 77_000, credits: 0, missed } });
      const { details } = await failureOfCall(passGate(call));
      expect(details.slot).toEqual({ atMs: 97_000, credits: 0, missed: missed + 1 });
      return details.retryAfterMs;
    };
    expect([await retryAfter(0), await retryAfter(1), await retryAfter(9)]).toEqual([19_000, 18_000, 16_500]);
  });

  it('spreads those who have to come back much later', async () => {
    const pass = { waitMs: 3_600_000, reserved: false };
    const { open } = openerWith({ connection: sampleConnection({}), pass });
    const { details } = await failureOfCall((await open({ connectionId: 294 })).passGate(call));
    expect(details.retryAfterMs).toBeGreaterThanOrEqual(300_000);
    expect(details.retryAfterMs).toBeLessThanOrEqual(600_000);
  });

  it('holds the whole connection for as long as the channel asked, and only then', async () => {
    const { open, seen } = openerWith({ connection: sampleConnection({}) });
    const { request } = await open({ connectionId: 294 });
    const fail = (error: Error) => expect(request(() => Promise.reject(error))).rejects.toBe(error);
    await fail(new Error('anything'));
    await fail(new ConnectorError('ChannelUnavailable', 'x'));
    await fail(new ConnectorError('ChannelRateLimited', 'x'));
    expect(seen.held).toEqual([]);
    await fail(new ConnectorError('ChannelRateLimited', 'x', { details: { retryAfterMs: 5_000 } }));
    await fail(new ConnectorError('ChannelUnavailable', 'x', { details: { retryAfterMs: 7_000 } }));
    expect(seen.held).toEqual([
      ['sample/294', 5_000],
      ['sample/294', 7_000],
    ]);
    expect(seen.noted).toEqual([]);
  });
});

it.each([
  [60_000, 'ChannelUnavailable'],
  [60_001, 'ChannelRateLimited'],
] as const)('an outage that the channel says will last %d ms is %s', async (retryAfterMs, type) => {
  const { open } = openerWith({ connection: sampleConnection({}) });
  const { request } = await open({ connectionId: 294 });
  const outage = new ConnectorError('ChannelUnavailable', 'x', { details: { retryAfterMs, status: 503 } });
  const failure = await failureOfCall(request(() => Promise.reject(outage)));
  expect(failure).toMatchObject({ type, details: { retryAfterMs, status: 503 } });
});

describe('an answer', () => {
  it.each([false, true])(
    'shows that the channel takes the token, and is handed on (note fails: %p)',
    async (isStoreDown) => {
      const { open, seen } = openerWith({ connection: sampleConnection({ tokenGeneration: 3 }), isStoreDown });
      const { request } = await open({ connectionId: 294 });
      expect(await request(async () => 'stock is set')).toBe('stock is set');
      expect(seen.noted).toEqual([[294, 3]]);
    },
  );
});

describe('a refused token', () => {
  const refusalOf = async (
    options: { isTokenWorking?: boolean; isStoreDown?: boolean },
    ref: { isLastToken?: boolean },
  ) => {
    const { open } = openerWith({ connection: sampleConnection({}), ...options });
    const { request } = await open({ connectionId: 294, ...ref });
    const error = new ConnectorError('ChannelAuthFailed', 'Sample answered 401', { details: { status: 401 } });
    return failureOfCall(request(() => Promise.reject(error)));
  };

  it('is a refusal of the request when no login will follow and others use the token', async () => {
    expect(await refusalOf({ isTokenWorking: true }, { isLastToken: true })).toMatchObject({
      type: 'ChannelRejected',
      details: { status: 401, channelWords: 'Sample answered 401; it takes the same token for other requests' },
    });
  });

  it.each([
    ['another login will follow', { isTokenWorking: true }, {}],
    ['nobody has used it', {}, { isLastToken: true }],
    ['MySQL cannot tell', { isTokenWorking: true, isStoreDown: true }, { isLastToken: true }],
  ])('stays one when %s', async (_when, options, ref) => {
    expect(await refusalOf(options, ref)).toMatchObject({ type: 'ChannelAuthFailed', message: 'Sample answered 401' });
  });
});
