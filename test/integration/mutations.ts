/** Puts something odd in one random place of a JSON value; the value itself stays as it is. */
export function mutated(value: unknown, random: () => number): unknown {
  const ODD = [
    null,
    '',
    ' ',
    'null',
    '\u0000',
    '\ud800',
    '日'.repeat(90),
    'x'.repeat(5_000),
    -1,
    0,
    1.5,
    1e300,
    -0,
    2 ** 53,
    true,
    [],
    {},
    [[[]]],
    { length: 3 },
    '1e5',
    '2022-02-30 00:00:00',
    "'; DROP TABLE orders; --",
  ];
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const isInner = typeof value === 'object' && value !== null && random() < 0.85;
  if (!isInner) return pick(ODD);
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value];
    const at = Math.floor(random() * (copy.length + 1));
    copy[at] = mutated(copy[at] ?? null, random);
    return copy;
  }
  const entries = Object.entries(value);
  const [key, old] = pick(entries) ?? ['x', null];
  const others = entries.filter(([name]) => name !== key);
  const fate = random();
  if (fate < 0.1) return Object.fromEntries(others);
  return Object.fromEntries([...others, fate < 0.15 ? [`${key} `, old] : [key, mutated(old, random)]]);
}

/** Changes the text of a JSON document in up to three random places: a piece is left out, doubled, or replaced. */
export function scrambled(text: string, random: () => number): string {
  const PIECES = [
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '\\',
    '\\u0000',
    '\\ud800',
    'null',
    '-',
    '1e999',
    '0.1',
    ' ',
    '\u0000',
    '日',
  ];
  let result = text;
  for (let times = 0; times <= random() * 3; times++) {
    const at = Math.floor(random() * result.length);
    const end = at + Math.floor(random() * 8);
    const piece = PIECES[Math.floor(random() * PIECES.length)] ?? '';
    const fate = random();
    const inserted = fate < 0.3 ? '' : fate < 0.5 ? result.slice(at, end).repeat(2) : piece;
    result = result.slice(0, at) + inserted + result.slice(end);
  }
  return result;
}
