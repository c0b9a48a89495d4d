import { createFinding, type Finding } from './finding';
import type { Recorded, Sample } from './recorded';

/** Far above what a process needs under this load, far below what a leak makes of it. */
const MAX_RSS_MB = 600;
const MAX_SOCKETS = 300;
const MAX_GROWTH = 1.5;
/** Caches and compiled code fill up first; a process younger than this says nothing of growth. */
const GROWS_UP_MS = 60_000;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** I8. Memory and sockets of gateways and workers stay bounded, and do not grow once a process is warm. */
export function checkResources({ samples }: Recorded): Finding {
  const finding = createFinding('I8', 'bounded memory and sockets');
  const figures: Record<string, number> = { samples: samples.length };
  const processes = new Map<string, Sample[]>();
  for (const sample of samples) {
    const name = `${sample.program} (${sample.pid})`;
    processes.set(name, [...(processes.get(name) ?? []), sample]);
  }
  for (const [name, all] of processes) {
    const kind = name.replace(/-\d.*$/, '');
    const rss = Math.max(...all.map(({ rssMb }) => rssMb));
    const sockets = Math.max(...all.map((one) => one.sockets));
    figures[`${kind}, MB`] = Math.max(figures[`${kind}, MB`] ?? 0, Math.round(rss));
    figures[`${kind}, sockets`] = Math.max(figures[`${kind}, sockets`] ?? 0, sockets);
    if (rss > MAX_RSS_MB) finding.violate(`${name} used ${Math.round(rss)} MB`);
    if (sockets > MAX_SOCKETS) finding.violate(`${name} had ${sockets} sockets open`);
    const bornAtMs = all[0]?.atMs ?? 0;
    const warm = all.filter(({ atMs }) => atMs > bornAtMs + GROWS_UP_MS);
    if (warm.length < 20) continue;
    const quarter = Math.floor(warm.length / 4);
    const early = median(warm.slice(0, quarter).map(({ rssMb }) => rssMb));
    const late = median(warm.slice(-quarter).map(({ rssMb }) => rssMb));
    if (late > early * MAX_GROWTH) finding.violate(`${name} grew from ${Math.round(early)} to ${Math.round(late)} MB`);
  }
  return finding.done(figures);
}
