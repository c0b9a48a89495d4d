/** Hands single items to a function that takes many; whatever arrives while it works goes together in its next call. */
export interface GroupCommit<In, Out> {
  submit(item: In): Promise<Out>;
}

export interface GroupCommitOptions<In> {
  maxGroup: number;
  maxConcurrent: number;
  /** Says that a failure is nobody's own. */
  isCommon?(error: unknown): boolean;
  /** Whose an item is: while several wait, each has its turn. @default all belong together */
  ownerOf?(item: In): string;
}

interface Waiting<In, Out> {
  item: In;
  resolve(result: Out): void;
  reject(error: unknown): void;
}

/**
 * Acknowledgements that are asked for together share one transaction. When a group fails, its items are tried one by one, so
 * that a bad one fails alone; unless `isCommon` says that the failure is nobody's own, which then is the answer to all.
 */
export function createGroupCommit<In, Out>(
  commit: (items: readonly In[]) => Promise<readonly Out[]>,
  options: GroupCommitOptions<In>,
): GroupCommit<In, Out> {
  /** By owner, who had a turn last at the end. */
  const queues = new Map<string, Waiting<In, Out>[]>();
  let running = 0;

  async function settle(group: Waiting<In, Out>[]): Promise<void> {
    try {
      const results = await commit(group.map(({ item }) => item));
      group.forEach((waiting, index) => {
        const result = results[index];
        if (result === undefined) waiting.reject(new Error('the commit gave no result for an item'));
        else waiting.resolve(result);
      });
    } catch (error) {
      if (group.length === 1 || options.isCommon?.(error)) for (const waiting of group) waiting.reject(error);
      else for (const waiting of group) await settle([waiting]);
    }
  }

  function nextGroup(): Waiting<In, Out>[] {
    const group: Waiting<In, Out>[] = [];
    while (group.length < options.maxGroup) {
      const [turn] = queues;
      if (!turn) break;
      const [owner, waiting] = turn;
      const next = waiting.shift();
      queues.delete(owner);
      if (waiting.length > 0) queues.set(owner, waiting);
      if (next) group.push(next);
    }
    return group;
  }

  function drain(): void {
    while (running < options.maxConcurrent && queues.size > 0) {
      const group = nextGroup();
      running += 1;
      void settle(group).finally(() => {
        running -= 1;
        drain();
      });
    }
  }

  return {
    submit: (item) =>
      new Promise<Out>((resolve, reject) => {
        const owner = options.ownerOf?.(item) ?? '';
        const queue = queues.get(owner) ?? [];
        queue.push({ item, resolve, reject });
        queues.set(owner, queue);
        // After this turn of the event loop, so that requests read in the same turn travel together.
        setImmediate(drain);
      }),
  };
}
