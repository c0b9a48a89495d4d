import { InterceptingCall, type Interceptor, Metadata, status } from '@grpc/grpc-js';
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { Config } from './config';

const CLOSED = { code: status.CANCELLED, details: 'the connection to Temporal was closed' };

/**
 * Lets a call fail whose connection was closed while it waited for its next try. The channel throws then, from a timer of the
 * retry interceptor, where nobody can catch it: the process would end on it, and the caller would wait for ever.
 */
const failOnceClosed: Interceptor = (options, nextCall) => {
  try {
    return new InterceptingCall(nextCall(options));
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('shut down'))) throw error;
    return new InterceptingCall({
      start(_metadata, listener) {
        process.nextTick(() => {
          listener?.onReceiveMessage?.(null);
          listener?.onReceiveStatus?.({ ...CLOSED, metadata: new Metadata() });
        });
      },
      cancelWithStatus: () => undefined,
      getPeer: () => '',
      sendMessageWithContext: () => undefined,
      sendMessage: () => undefined,
      startRead: () => undefined,
      halfClose: () => undefined,
      getAuthContext: () => null,
    });
  }
};

/**
 * A client that connects when it is first used, so that a program starts while Temporal is down. Its connection may be closed
 * while calls wait: they fail with `CANCELLED`.
 */
export function createTemporalClient(config: Pick<Config, 'temporal'>): Client {
  const { address, apiKey, metadata, tls } = config.temporal.connectionOptions;
  const connection = Connection.lazy({
    address: address ?? config.temporal.address,
    // In this order: what tries again meets the closed channel behind it.
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), failOnceClosed],
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(tls === undefined ? {} : { tls }),
  });
  return new Client({ connection, namespace: config.temporal.namespace });
}
