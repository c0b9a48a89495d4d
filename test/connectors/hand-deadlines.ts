import type { Deadline } from '../../src/connectors/http/deadline';
import { eventually } from '../stand/waiting';

/** Deadlines that pass when the test says so, and never by themselves: no test is judged by how fast the machine is. */
export function handDeadlines() {
  const running = new Map<() => void, number>();
  const deadline: Deadline = (ms, end) => {
    const own = () => end();
    running.set(own, ms);
    return () => void running.delete(own);
  };
  return {
    deadline,
    /** Milliseconds of those that run. */
    running: () => [...running.values()],
    /** Waits until `holds`, and lets every deadline that runs pass. */
    async passOnce(holds: () => boolean): Promise<void> {
      await eventually('what the deadline is to end', () => (holds() && running.size > 0 ? true : undefined));
      for (const end of [...running.keys()]) end();
    },
  };
}
