import { GraphQLError } from 'graphql';

/** ShipHero's code for an operation that the credits do not suffice for. */
export const THROTTLED = 30;
/** ShipHero's code for a thing that does not exist. */
export const NOT_FOUND = 5;
/** Stands for ShipHero's own codes, which are not published. */
export const BAD_INPUT = 4;
/** Stands for a failure inside ShipHero. */
export const FAILED = 1;

/** An operation's refusal, as its resolver throws it. */
export const saidNo = (code: number, message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code } });
