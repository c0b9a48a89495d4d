/** What one check found. */
export interface Finding {
  /** I1 … I9 of the design. */
  invariant: string;
  title: string;
  /** Empty: it holds. The first few in words. */
  violations: readonly string[];
  violationCount: number;
  /** The counts behind it. */
  figures: Readonly<Record<string, number>>;
}

const SHOWN = 5;

/** Collects what is wrong under one invariant. */
export function createFinding(invariant: string, title: string) {
  const shown: string[] = [];
  let count = 0;
  return {
    violate(words: string): void {
      count += 1;
      if (shown.length < SHOWN) shown.push(words);
    },
    done: (figures: Record<string, number>): Finding => ({
      invariant,
      title,
      violations: shown,
      violationCount: count,
      figures,
    }),
  };
}
