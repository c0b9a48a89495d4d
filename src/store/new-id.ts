import { monotonicFactory } from 'ulid';

/** A new id of 26 characters that sorts after every id this process made before. */
export const newId: () => string = monotonicFactory();
