import { z } from 'zod';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { failureOfCall } from './connector-failure';
import { openerFor, present, twinHttp } from './connector-under-test';
import { SHIPHERO_ACCOUNT, shipheroSuite } from './shiphero-samples';

const http = twinHttp();
let twin: ShipheroTwin;
beforeAll(async () => {
  twin = await startShipheroTwin();
});
beforeEach(() => twin.reset());
afterAll(() => Promise.all([twin.stop(), http.close()]));

/** What becomes of a read that is answered like this. */
async function read(body: unknown, status = 200) {
  twin.setFaults([{ kind: 'status', status, body: z.json().parse(body) }]);
  const { capabilities, call } = openerFor(shipheroSuite, http)(twin);
  return present(capabilities.jobInventoryWriter).readJob('5e4dac71', call);
}
const failureOf = (body: unknown, status?: number) => failureOfCall(read(body, status));
const throttled = (more: object) => ({
  errors: [{ code: 30, message: 'There are not enough credits', required_credits: 9, remaining_credits: 2, ...more }],
  data: null,
});

describe('credits that do not suffice', () => {
  it.each([
    ['4 seconds', 4_000],
    ['1 second', 1_000],
    ['1 minute', 60_000],
    ['1 minute 30 seconds', 90_000],
    ['2 hours', 3_600_000],
    ['0 seconds', 1_000],
    ['0.4 seconds', 1_000],
    ['4.2 seconds', 5_000],
    ['45', 45_000],
    [7, 7_000],
    [1e30, 30_000],
    ['500 ms', 30_000],
    ['soon', 30_000],
    ['', 30_000],
    [null, 30_000],
    [{ seconds: 4 }, 30_000],
  ])('are waited for after %j for %i ms', async (time_remaining, retryAfterMs) => {
    const failure = await failureOf(throttled({ time_remaining }));
    expect(failure).toMatchObject({ type: 'ChannelRateLimited', details: { retryAfterMs, status: 200 } });
  });

  it('are waited for without a time at all', async () => {
    expect(await failureOf(throttled({}))).toMatchObject({ details: { retryAfterMs: 30_000 } });
  });

  const MAXIMUM = { message: 'requires 9000 credits, but the maximum allowed is 4004', required_credits: 9_000 };

  it.each([
    ['no time, and more than the maximum', { ...MAXIMUM, time_remaining: null }, 'ChannelRejected'],
    ['no time that can be read', { ...MAXIMUM, time_remaining: 'never' }, 'ChannelRejected'],
    ['a time', { ...MAXIMUM, time_remaining: '4 seconds' }, 'ChannelRateLimited'],
    ['figures that fit', { ...MAXIMUM, required_credits: 1 }, 'ChannelRateLimited'],
    ['no figures', { ...MAXIMUM, required_credits: null }, 'ChannelRateLimited'],
    ['words of no maximum', { required_credits: 9_000 }, 'ChannelRateLimited'],
  ])('with %s', async (_name, more, type) => {
    expect((await failureOf(throttled(more))).type).toBe(type);
  });

  it.each<[string, object, number]>([
    ['a code as text', throttled({ code: '30', time_remaining: '4 seconds' }), 200],
    [
      'a code in extensions',
      { errors: [{ message: 'no', extensions: { code: 30 }, time_remaining: '4 seconds' }] },
      200,
    ],
    ['a 400', throttled({ time_remaining: '4 seconds' }), 400],
    [
      'another error before it',
      {
        errors: [
          { code: 4, message: 'no' },
          { code: 30, time_remaining: '4 seconds' },
        ],
      },
      200,
    ],
  ])('are known by %s', async (_name, body, status) => {
    const failure = await failureOf(body, status);
    expect(failure).toMatchObject({ type: 'ChannelRateLimited', details: { retryAfterMs: 4_000, status } });
  });
});

describe('an error of ShipHero', () => {
  it.each([
    [{ code: 401, message: 'no' }],
    [{ code: 'UNAUTHENTICATED', message: 'no' }],
    [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }],
    [{ message: 'Unauthorized' }],
    [{ message: 'Authentication failed' }],
    [{ code: 3, message: 'The token has expired' }],
  ])('is about the token: %j', async (error) => {
    const failure = await failureOf({ errors: [error], data: null });
    expect(failure).toMatchObject({ type: 'ChannelAuthFailed', details: { tokenGeneration: 3 } });
  });

  it.each([
    [{ code: 5, message: 'No sync with this token' }, 'ChannelRejected'],
    [{ code: 4, message: 'Wrong input' }, 'ChannelRejected'],
    [{ code: 1, message: 'The token service is away' }, 'ChannelUnavailable'],
    [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }, 'ChannelUnavailable'],
    [{ message: 'tokens are no words' }, 'ChannelRejected'],
    [{}, 'ChannelRejected'],
    ['a text', 'ChannelRejected'],
    [null, 'ChannelRejected'],
  ])('is not about the token: %j', async (error, type) => {
    expect((await failureOf({ errors: [error], data: null })).type).toBe(type);
  });

  it('is told in ShipHero’s words, without secrets and persons, all of them', async () => {
    const first = `Sync of ${SHIPHERO_ACCOUNT.username} (someone@example.com) is gone`;
    const failure = await failureOf({ errors: [{ code: 5, message: first }, { message: 'second' }], data: null });
    expect(failure.details.channelWords).toBe('5: Sync of [redacted] ([e-mail]) is gone; second');
    expect(failure.message).not.toContain(SHIPHERO_ACCOUNT.username);
  });

  it('does not outweigh a complete value, but an incomplete one', async () => {
    const node = {
      status: 'success',
      error: null,
      total_count: 1,
      success_count: 1,
      error_count: 0,
      finished_count: 1,
    };
    const errors = [{ code: 4, message: 'a field elsewhere' }];
    expect(await read({ errors, data: { inventory_sync_status: { data: node } } })).toMatchObject({ hasEnded: true });
    const bad = { ...node, total_count: 'one' };
    expect(await failureOf({ errors, data: { inventory_sync_status: { data: bad } } })).toMatchObject({
      type: 'ChannelRejected',
    });
    expect(await failureOf({ errors: [], data: { inventory_sync_status: { data: bad } } })).toMatchObject({
      type: 'ChannelContractViolated',
      message: expect.stringContaining('data.inventory_sync_status.data.total_count'),
    });
  });

  it('does not outweigh a status that tells more', async () => {
    const body = throttled({ time_remaining: '4 seconds' });
    expect((await failureOf(body, 401)).type).toBe('ChannelAuthFailed');
    expect((await failureOf(body, 500)).type).toBe('ChannelUnavailable');
    expect((await failureOf(body, 429)).details.retryAfterMs).toBe(30_000);
  });
});
