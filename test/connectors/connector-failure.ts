import { ConnectorError } from '../../src/connectors/errors';

/** The ConnectorError that a call ends with; fails the test when it ends well or in another way. */
export async function failureOfCall(call: Promise<unknown>): Promise<ConnectorError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ConnectorError) return error;
    throw error;
  }
  throw new Error('the call was expected to fail');
}

/** Everything of an error that could reach a log: message, stack, details and causes. */
export function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.message, error.stack ?? '', JSON.stringify(error), error.cause ? everythingIn(error.cause) : ''].join(
    '\n',
  );
}
