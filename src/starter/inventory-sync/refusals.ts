import { GraphQLError } from 'graphql';

/** The protocol's codes of errors; besides 30, which is certain, they are chosen. */
export const CODES = { internal: 1, badInput: 4, notFound: 5, tooCostly: 30 } as const;

/** An operation's no, for the caller to read. `field` is the argument at fault. */
export class Refusal extends GraphQLError {
  override readonly name = 'Refusal';
  constructor(
    readonly code: number,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

export const badInput = (field: string, message: string): Refusal => new Refusal(CODES.badInput, message, field);
export const notFound = (field: string, what: string): Refusal =>
  new Refusal(CODES.notFound, `${what} not found`, field);

/** One entry of `errors` in an answer with HTTP 200. */
export interface ShownError {
  code: number;
  message: string;
  /** The operation's name in the schema, whatever alias it was given. */
  operation: string;
  field?: string;
  request_id: string;
}

/** An error as the caller may see it: a refusal in its own words, anything else as no more than an internal error. */
export function shownError(error: GraphQLError, operation: string, requestId: string): ShownError {
  const cause = error.originalError ?? error;
  const said = cause instanceof Refusal ? cause : new Refusal(CODES.internal, 'Internal error');
  return {
    code: said.code,
    message: said.message,
    operation,
    ...(said.field === undefined ? {} : { field: said.field }),
    request_id: requestId,
  };
}
