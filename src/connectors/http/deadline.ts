/** Calls `end` once after `ms`, unless the function that it returns is called before. */
export type Deadline = (ms: number, end: () => void) => () => void;

/** By the clock of this machine. */
export const clockDeadline: Deadline = (ms, end) => {
  const timer = setTimeout(end, ms);
  return () => clearTimeout(timer);
};
