/**
 * Seconds of processor that `work` takes: tells what grows with the square of its input from what does not, on a busy machine as
 * on a quiet one.
 */
export function cpuSecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000_000;
}
