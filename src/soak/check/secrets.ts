import { CANARY } from '../tenants';
import { createFinding, type Finding } from './finding';
import type { Recorded } from './recorded';

const MIN_SECRET_CHARS = 8;
const AROUND = 40;
const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Looks for the canary and for secrets in whatever text it is given. */
export interface SecretSearch {
  look(source: string, text: string): void;
  /** Characters looked through, by source. */
  searched: Record<string, number>;
  /** Where something was found, without what. */
  found: string[];
}

export function createSecretSearch(secrets: Iterable<string>): SecretSearch {
  const known = [...new Set(secrets)].filter(({ length }) => length >= MIN_SECRET_CHARS);
  const pattern = new RegExp([CANARY, ...known].map(literally).join('|'), 'i');
  const searched: Record<string, number> = {};
  const found: string[] = [];
  return {
    searched,
    found,
    look(source, text) {
      searched[source] = (searched[source] ?? 0) + text.length;
      const match = pattern.exec(text);
      if (!match) return;
      const what = match[0].toUpperCase() === CANARY ? 'a canary' : 'a token or a secret';
      const before = text.slice(Math.max(0, match.index - AROUND), match.index).replaceAll('\n', ' ');
      found.push(`${source}: ${what} after “${before}”`);
    },
  };
}

/** I7. No secret and nothing personal in histories, logs, metrics, answers, or tables but that of the connections. */
export function checkSecrets({ secrets }: Recorded): Finding {
  const finding = createFinding('I7', 'no secret, nothing personal');
  for (const place of secrets.found) finding.violate(place);
  const kB = Object.entries(secrets.searched).map(([source, chars]) => [`kB of ${source}`, Math.round(chars / 1_000)]);
  return finding.done(Object.fromEntries(kB));
}
