import type { Capabilities } from '../../src/connectors/ports';
import type { Fault } from '../../src/twins/faults';
import type { Twin } from '../../src/twins/twin';
import { type ConnectorUnderTest, type Opened, present } from './connector-under-test';
import { jobOperations } from './job-conformance';

/** One thing that a connector can be asked, with the suite's sample. */
export interface Operation {
  name: string;
  run(opened: Opened): Promise<unknown>;
  isWrite: boolean;
  isRepeatable: boolean;
  needsToken: boolean;
  /** The channel's own failure leaves open whether the request had its effect, as no answer does. */
  isDoubtful?: boolean;
  /** What a 404 means where a path that is not there is the connection's fault. @default 'ChannelRejected' */
  notFound?: 'InputInvalid';
}

/** What each capability that the connector names can be asked. */
export function operationsOf<T extends Twin>(suite: ConnectorUnderTest<T>): Operation[] {
  const { connector, stock, cancel } = suite;
  // Without a tokenIssuer every call carries the credentials themselves.
  const token = { needsToken: connector.capabilities.includes('tokenIssuer') };
  const all: Record<keyof Capabilities, Operation | Operation[]> = {
    jobInventoryWriter: jobOperations(suite),
    inventoryWriter: {
      name: 'setStock',
      run: ({ capabilities, call }) => present(capabilities.inventoryWriter).setStock(present(stock).lines(3), call),
      ...{ isWrite: true, isRepeatable: true, ...token, ...(stock?.notFound ? { notFound: stock.notFound } : {}) },
    },
    creditReader: {
      name: 'readCredits',
      run: ({ capabilities, call }) => present(capabilities.creditReader).readCredits(call),
      ...{ isWrite: false, isRepeatable: true, ...token },
    },
    inventoryReader: {
      name: 'readStock',
      run: ({ capabilities, call }) =>
        present(capabilities.inventoryReader).readStock(
          present(stock)
            .lines(3)
            .map(({ listing }) => listing),
          call,
        ),
      ...{ isWrite: false, isRepeatable: true, ...token },
    },
    orderCanceller: {
      name: 'cancelOrder',
      run: ({ capabilities, call }) => present(capabilities.orderCanceller).cancelOrder(present(cancel).request, call),
      ...{ isWrite: true, isRepeatable: cancel?.isRepeatable ?? true, ...token },
    },
    orderReader: {
      name: 'readOrder',
      run: ({ capabilities, call }) => present(capabilities.orderReader).readOrder(present(cancel).request, call),
      ...{ isWrite: false, isRepeatable: true, ...token },
    },
    tokenIssuer: {
      name: 'issueToken',
      run: ({ capabilities, call }) => present(capabilities.tokenIssuer).issueToken(call),
      ...{ isWrite: false, isRepeatable: true, needsToken: false },
    },
  };
  return connector.capabilities.flatMap((capability) => all[capability]);
}

type Expected = (operation: Operation) => object;
const violated: Expected = ({ isWrite }) => ({ type: 'ChannelContractViolated', mayStillApply: isWrite });
const unanswered: Expected = ({ isWrite, isRepeatable }) => ({
  type: isRepeatable ? 'ChannelUnavailable' : 'OutcomeUnknown',
  mayStillApply: isWrite,
});
const failed: Expected = ({ isDoubtful = false }) => ({
  type: isDoubtful ? 'OutcomeUnknown' : 'ChannelUnavailable',
  mayStillApply: isDoubtful,
});
const failedFor =
  (retryAfterMs: number): Expected =>
  (operation) => ({ ...failed(operation), details: expect.objectContaining({ retryAfterMs }) });
const forbidden: Expected = ({ name }) => ({
  type: name === 'issueToken' ? 'ChannelAuthFailed' : 'ChannelRejected',
  mayStillApply: false,
});
/** A page in place of the channel's word: no credentials, no verdict. Behind one with 200 the request may have gone through. */
const barred: Expected = () => ({ type: 'ChannelUnavailable', mayStillApply: false });
const barredAfterwards: Expected = ({ isWrite, isDoubtful = false }) => ({
  type: isDoubtful ? 'OutcomeUnknown' : 'ChannelUnavailable',
  mayStillApply: isWrite || isDoubtful,
});
/** A gateway answered in the channel's place: a write may apply, and what must not be repeated blindly is read back first. */
const gatewayFailed: Expected = ({ isWrite, isDoubtful = false }) => ({
  type: isDoubtful ? 'OutcomeUnknown' : 'ChannelUnavailable',
  mayStillApply: isDoubtful || isWrite,
});
const missing: Expected = ({ notFound = 'ChannelRejected' }) => ({ type: notFound, mayStillApply: false });
const always =
  (expected: object): Expected =>
  () => ({ mayStillApply: false, ...expected });
const limited = (retryAfterMs: number) =>
  always({ type: 'ChannelRateLimited', details: expect.objectContaining({ retryAfterMs }) });

/** Whether an answer never comes to its end, so that only a deadline ends the call. */
export const isWithoutEnd = ({ kind }: Fault): boolean => ['hang', 'hang-after-applying', 'slow'].includes(kind);

/** Every way for an answer to go wrong, and what must be made of it whatever was asked. */
export const FAILURES: readonly [name: string, fault: Fault, expected: Expected][] = [
  ['500', { kind: 'status', status: 500, body: { message: 'boom' } }, failed],
  ['504', { kind: 'status', status: 504 }, gatewayFailed],
  ['503 with a page', { kind: 'html', status: 503 }, failed],
  ['408', { kind: 'status', status: 408 }, failed],
  ['503 with seconds', { kind: 'throttle', status: 503, retryAfter: '20' }, failedFor(20_000)],
  ['500 with a date', { kind: 'throttle', status: 500, retryAfter: 'Sat, 01 Mar 2025 12:00:09 GMT' }, failedFor(9_000)],
  ['408 with seconds', { kind: 'throttle', status: 408, retryAfter: '7' }, failedFor(7_000)],
  ['429 with seconds', { kind: 'throttle', retryAfter: '7' }, limited(7_000)],
  ['429 with a date', { kind: 'throttle', retryAfter: 'Sat, 01 Mar 2025 12:00:09 GMT' }, limited(9_000)],
  ['429 without a time', { kind: 'throttle' }, limited(30_000)],
  ['401', { kind: 'status', status: 401, body: { message: 'no' } }, always({ type: 'ChannelAuthFailed' })],
  ['403', { kind: 'status', status: 403 }, forbidden],
  ['403 with words', { kind: 'status', status: 403, body: { message: 'not this one' } }, forbidden],
  ['a firewall’s 403', { kind: 'firewall' }, barred],
  ['a firewall’s 401', { kind: 'firewall', by: 'big-ip', status: 401 }, barred],
  ['a firewall’s 405', { kind: 'firewall', by: 'cloudflare', status: 405 }, barred],
  ['a firewall’s 503', { kind: 'firewall', by: 'cloudflare', status: 503 }, failed],
  ['a firewall’s 200', { kind: 'firewall', by: 'big-ip', status: 200 }, barredAfterwards],
  ['a firewall’s 202', { kind: 'firewall', by: 'cloudflare', status: 202 }, barredAfterwards],
  ['404', { kind: 'status', status: 404, body: 'Not Found' }, missing],
  ['409', { kind: 'status', status: 409, body: { message: 'no such thing' } }, always({ type: 'ChannelRejected' })],
  ['silence', { kind: 'hang' }, unanswered],
  ['silence after the effect', { kind: 'hang-after-applying' }, unanswered],
  ['a reset', { kind: 'reset' }, unanswered],
  ['a reset after the effect', { kind: 'reset-after-applying' }, unanswered],
  ['half an answer, then a cut', { kind: 'truncated', cutConnection: true }, unanswered],
  ['an answer too slow', { kind: 'slow', ms: 60_000 }, unanswered],
  ['half an answer, well framed', { kind: 'truncated' }, violated],
  ['200 that is no JSON', { kind: 'garbage' }, violated],
  ['200 with a page', { kind: 'html' }, barredAfterwards],
  ['200 with other JSON', { kind: 'status', status: 200, body: { hello: 'world' } }, violated],
  ['200 with nothing', { kind: 'status', status: 200 }, violated],
  ['200 of 5 MB', { kind: 'huge', bytes: 5_000_000 }, violated],
  ['200 of 1 GB', { kind: 'huge', bytes: 1_000_000_000 }, violated],
  ['200 in a packing', { kind: 'status', status: 200, headers: { 'content-encoding': 'gzip' }, body: 'x' }, violated],
  ['202 that only promises', { kind: 'status', status: 202, body: { accepted: true } }, violated],
  ['204', { kind: 'status', status: 204 }, violated],
  ['a redirect', { kind: 'redirect', location: '/elsewhere' }, violated],
  ['a redirect to the metadata service', { kind: 'redirect', location: 'http://169.254.169.254/latest' }, violated],
  ['a redirect that keeps the method', { kind: 'redirect', status: 307, location: 'http://127.0.0.1:1/' }, violated],
  ['a redirect to nowhere', { kind: 'status', status: 301 }, violated],
];
