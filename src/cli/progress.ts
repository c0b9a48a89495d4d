import { counted } from './output';

/** Where progress is shown: standard error, or nowhere. */
export interface ProgressSink {
  write(text: string): void;
  /** How wide the terminal is; undefined when it is none, so that nothing can be drawn over. */
  columns(): number | undefined;
}

/** How many of the lines the channel has decided, and how many of these it, or we, refused. */
export interface ProgressCounts {
  total: number;
  finished: number;
  failed: number;
}

export interface Progress {
  show(counts: ProgressCounts): void;
  /** Leaves the last state standing. */
  end(): void;
}

const BAR_CHARS = 24;
const DEFAULT_INTERVAL_MS = 3_000;
const CLEAR_TO_END_OF_LINE = '\x1b[K';

const wordsOf = ({ total, finished, failed }: ProgressCounts): string =>
  `${finished} of ${counted(total, 'line')} decided${failed > 0 ? `, ${failed} failed` : ''}`;

function barOf(counts: ProgressCounts): string {
  const share = counts.total === 0 ? 1 : counts.finished / counts.total;
  // Rounded down, so that a full bar means that nothing is open.
  const bar = '#'.repeat(Math.floor(share * BAR_CHARS)).padEnd(BAR_CHARS, '.');
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)}%  ${wordsOf(counts)}`;
}

/** A bar that is drawn over itself on a terminal; elsewhere a line now and then, and one for the last state. */
export function createProgress(
  sink: ProgressSink,
  { now = Date.now, intervalMs = DEFAULT_INTERVAL_MS }: { now?: () => number; intervalMs?: number } = {},
): Progress {
  let shownAtMs = Number.NEGATIVE_INFINITY;
  let shown = '';
  let latest: string | undefined;
  const line = (words: string): void => {
    if (words === shown) return;
    shown = words;
    shownAtMs = now();
    sink.write(`${words}\n`);
  };
  return {
    show(counts) {
      const columns = sink.columns();
      if (columns !== undefined) {
        shown = barOf(counts);
        // One column stays free: some terminals go to the next line when the last one is filled.
        sink.write(`\r${shown.slice(0, columns - 1)}${CLEAR_TO_END_OF_LINE}`);
        return;
      }
      latest = wordsOf(counts);
      if (now() - shownAtMs >= intervalMs) line(latest);
    },
    end() {
      if (latest !== undefined) line(latest);
      else if (shown !== '') sink.write('\n');
    },
  };
}
