/** Requests that stand still until somebody lets them go. */
export interface Hold {
  /** Stands still until the hold ends; the request that completes the number ends it. */
  wait(): Promise<void>;
  /** Lets everybody go on, those included who come later. */
  end(): void;
}

/** A hold that ends when so many requests stand in it, or by `end` alone. */
export function createHold(until = Number.POSITIVE_INFINITY): Hold {
  let standing = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    wait() {
      standing += 1;
      if (standing >= until) end();
      return ended;
    },
    end: () => end(),
  };
}
