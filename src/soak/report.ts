import type { Finding } from './check/finding';
import type { Recorded } from './check/recorded';

/** What a run came to. */
export interface Report {
  seed: number;
  bug: string | null;
  events: number;
  posts: number;
  kills: number;
  freezes: number;
  /** Posts without an answer, sent again. */
  unanswered: number;
  loadSeconds: number;
  /** From the end of the last fault until nothing was left to do; null: that did not happen. */
  quietAfterSeconds: number | null;
  seconds: number;
  findings: readonly Finding[];
  holds: boolean;
}

/** An aim, not an invariant: what was lost while Temporal was away waits for the next sweep. */
const QUIET_AIM_SECONDS = 60;

const figuresOf = (figures: Finding['figures']): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${value.toLocaleString('en')}`)
    .join(' · ');

/** The report as lines for people. */
export function linesOf(report: Report): string[] {
  const { quietAfterSeconds, findings } = report;
  const quiet =
    quietAfterSeconds === null
      ? 'never quiet'
      : `quiet ${quietAfterSeconds.toFixed(1)} s after the last fault${quietAfterSeconds > QUIET_AIM_SECONDS ? ` (aim: ${QUIET_AIM_SECONDS} s)` : ''}`;
  const heading = [
    `seed ${report.seed}${report.bug === null ? '' : ` with the bug ${report.bug}`}`,
    `${report.events.toLocaleString('en')} events in ${report.posts.toLocaleString('en')} posts over ${report.loadSeconds.toFixed(0)} s`,
    `${report.kills} kills and ${report.freezes} freezes`,
    `${report.unanswered} posts sent again`,
    quiet,
    `${report.seconds.toFixed(0)} s in all`,
  ];
  return [
    heading.join(' · '),
    '',
    ...findings.flatMap(({ invariant, title, figures, violations, violationCount }) => [
      `${violationCount === 0 ? '✓' : '✗'} ${invariant} ${title.padEnd(28)} ${figuresOf(figures)}`,
      ...violations.map((words) => `      ${words}`),
      ...(violationCount > violations.length ? [`      and ${violationCount - violations.length} more`] : []),
    ]),
    '',
    report.holds ? 'Every invariant holds.' : `Violated: ${violated(report).join(', ')}.`,
  ];
}

/** Names of the invariants that do not hold. */
export const violated = ({ findings }: Pick<Report, 'findings'>): string[] =>
  findings.filter(({ violationCount }) => violationCount > 0).map(({ invariant }) => invariant);

export const killsIn = ({ disturbances }: Pick<Recorded, 'disturbances'>, kind: 'kill' | 'freeze'): number =>
  disturbances.filter((one) => one.kind === kind).length;
