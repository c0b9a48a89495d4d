import { z } from 'zod';

const MAX_WORDS_CHARS = 200;
const MAX_READ_CHARS = 5_000;
/** A shorter secret would blank out ordinary words. */
const MIN_SECRET_CHARS = 4;

const text = z.string().optional().catch(undefined);
const listed = z.union([z.string(), z.object({ message: z.string() }).transform((entry) => entry.message)]);

const fields = z.object({
  code: z.union([z.string(), z.number()]).optional().catch(undefined),
  message: text,
  error_message: text,
  error_description: text,
  description: text,
  error: text,
  errors: z.array(z.unknown()).optional().catch(undefined),
});

/** The fields in which channels say why, also one level down under `error`. */
const said = fields.extend({ error: z.union([z.string(), fields]).optional().catch(undefined) });

/**
 * A channel's words, fit for logs and histories: without markup, known secrets, e-mail addresses and anything that looks
 * like a token; at most 200 characters.
 */
export function cleanWords(words: string, secrets: readonly string[]): string {
  let clean = words;
  // The longest first: a user name inside a password would leave the rest of the password standing.
  const longestFirst = secrets.filter(({ length }) => length >= MIN_SECRET_CHARS).sort((a, b) => b.length - a.length);
  for (const secret of longestFirst) {
    // A body can hold it escaped.
    const spellings = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
    for (const spelling of spellings) clean = clean.replaceAll(spelling, '[redacted]');
  }
  return clean
    .slice(0, MAX_READ_CHARS)
    .replace(/<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\bbearer\s+\S+/gi, '[redacted]')
    .replace(/[^\s@<>"',;:()[\]]{1,64}@[^\s@<>"',;:()[\]]{1,255}/g, '[e-mail]')
    .replace(/[\w.~+/=-]{32,}/g, (run) => (/\d/.test(run) ? '[redacted]' : run))
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_WORDS_CHARS);
}

/** What an answer's body says for people, cleaned: its known JSON fields, or the beginning of its text. */
export function wordsOf(body: string, secrets: readonly string[]): string {
  return cleanWords(fromJson(body) ?? body, secrets);
}

/** The text as JSON; undefined when it is none. */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function fromJson(body: string): string | undefined {
  const parsed = said.safeParse(jsonOf(body));
  if (!parsed.success) return undefined;
  const { error, ...outer } = parsed.data;
  const inner = typeof error === 'object' ? error : { ...outer, error };
  const reason = inner.message ?? inner.error_message ?? inner.error_description ?? inner.description ?? inner.error;
  const details = (inner.errors ?? []).flatMap((entry) => listed.safeParse(entry).data ?? []);
  const parts = [reason, ...details].filter((part) => part !== undefined && part !== '');
  if (parts.length === 0) return undefined;
  return inner.code === undefined ? parts.join('; ') : `${inner.code}: ${parts.join('; ')}`;
}
