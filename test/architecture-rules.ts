/** A source file as the rules see it: its path below `src`, with `/`, and its text. */
export interface Source {
  path: string;
  text: string;
}

/** An import, export-from, `import()` or `require()`; `target` is a path below `src` without extension, or a package. */
export interface Import {
  target: string;
  isOwn: boolean;
  typeOnly: boolean;
}

/** A rule that is broken, in words that name file and reason. */
export type Breach = string;

const withoutComments = (text: string): string =>
  text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*/g,
    (match: string, quoted: string | undefined) => (quoted === undefined ? match.replace(/[^\n]/g, ' ') : match),
  );

function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const STATEMENT =
  /\b(import|export)\s+(type\s+)?([^;'"]*?)\bfrom\s*(['"])([^'"]+)\4|(?<!-)\bimport\s*(['"])([^'"]+)\6|\b(?:import|require)\s*\(\s*(['"`])([^'"`]+)\8|\brequire\.resolve\s*\(\s*(['"])([^'"]+)\10/g;

/** Every import of a source; one whose names are all marked `type` counts as a type import. */
export function importsOf({ path, text }: Source): Import[] {
  return [...withoutComments(text).matchAll(STATEMENT)].map((match) => {
    const [, , typeWord, names = ''] = match;
    const specifier = match[5] ?? match[7] ?? match[9] ?? match[11] ?? '';
    const inner = /^\{([\s\S]*)\}\s*$/.exec(names.trim())?.[1];
    const allTypes = inner
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .every((name) => name.startsWith('type '));
    const isOwn = specifier.startsWith('.');
    return {
      target: isOwn ? resolve(path, specifier) : specifier,
      isOwn,
      typeOnly: typeWord !== undefined || allTypes === true,
    };
  });
}

const ringOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : path);
const isWithin = (target: string, rings: readonly string[]): boolean =>
  rings.some((ring) => target === ring || target.startsWith(`${ring}/`));

interface Ring {
  ring: string;
  allows(imported: Import, from: string): boolean;
}

const ownOnly =
  (...rings: string[]) =>
  (imported: Import): boolean =>
    !imported.isOwn || isWithin(imported.target, rings);
const isTemporal = ({ target }: Import): boolean => target.startsWith('@temporalio/');

const RINGS: readonly Ring[] = [
  {
    ring: 'workflows',
    allows: (one) =>
      one.typeOnly ||
      (one.isOwn
        ? isWithin(one.target, ['workflows', 'contracts'])
        : ['@temporalio/workflow', '@temporalio/common'].includes(one.target)),
  },
  {
    ring: 'contracts',
    allows: (one, from) =>
      ownOnly('contracts')(one) &&
      (one.isOwn || one.target === '@temporalio/common' || (one.target === 'zod' && from === 'contracts/events.ts')),
  },
  { ring: 'connectors', allows: (one) => ownOnly('connectors', 'contracts')(one) && !isTemporal(one) },
  { ring: 'store', allows: (one) => ownOnly('store', 'contracts')(one) && !isTemporal(one) },
  {
    ring: 'intake',
    allows: (one) =>
      (ownOnly('intake', 'contracts')(one) || (one.typeOnly && isWithin(one.target, ['connectors']))) &&
      !isTemporal(one),
  },
  { ring: 'activities', allows: ownOnly('activities', 'connectors', 'store', 'intake', 'contracts') },
  { ring: 'twins', allows: (one) => ownOnly('twins')(one) && !isTemporal(one) },
  { ring: 'observability', allows: ownOnly('observability', 'contracts') },
  { ring: 'soak', allows: ownOnly('soak', 'local', 'twins', 'contracts', 'store', 'config', 'temporal', 'cli/output') },
  {
    ring: 'starter',
    allows: (one, from) =>
      from === 'starter/main.ts' ||
      !one.isOwn ||
      !isWithin(one.target, ['cli', 'local', 'twins', 'worker', 'workers', 'activities', 'config']),
  },
];

/** Rings point inwards: workflows → contracts; activities → connectors, store, intake, contracts; intake and connectors → contracts. Nothing imports the soak. */
export function checkRings(source: Source): Breach[] {
  const ring = RINGS.find((one) => one.ring === ringOf(source.path));
  // What looks at everything from outside is looked at by nobody.
  const isSoak = ringOf(source.path) === 'soak';
  return importsOf(source)
    .filter(
      (one) => (ring && !ring.allows(one, source.path)) || (!isSoak && one.isOwn && isWithin(one.target, ['soak'])),
    )
    .map((imported) => `${source.path} must not import ${imported.target}`);
}

/** The places where a program is put together, and so may know every channel. */
const COMPOSITION_ROOTS = ['worker.ts', 'workers.ts', 'config.ts', 'starter/gateway.ts', 'starter/main.ts'];

export const checkRegistry = (source: Source): Breach[] =>
  COMPOSITION_ROOTS.includes(source.path) || source.path.startsWith('cli/') || source.path === 'connectors/registry.ts'
    ? []
    : importsOf(source)
        .filter((imported) => imported.target === 'connectors/registry')
        .map(() => `${source.path} must be given its connectors instead of importing the registry`);

export const checkEnvironment = ({ path, text }: Source): Breach[] =>
  path === 'config.ts' ||
  path.startsWith('local/') ||
  !/\bprocess\s*(\.\s*env\b|\[\s*['"`]env)/.test(withoutComments(text))
    ? []
    : [`${path} must get its configuration from config.ts instead of process.env`];

/** Whatever is sent with a signal must be read by us: what the SDK cannot read stops the run for good. */
export const checkSignals = ({ path, text }: Source): Breach[] =>
  path === 'workflows/signals.ts' || !/\bset(Default)?(Signal)?Handler\b/.test(withoutComments(text))
    ? []
    : [`${path} must listen for signals with onSignal`];

/** The SDK merges options of a single call into those of its proxy, so that a limit which the call leaves out is the proxy's: each call gets a proxy with complete options. */
export const checkMergedOptions = ({ path, text }: Source): Breach[] =>
  path.startsWith('workflows/') && /\bexecute(?:Local)?WithOptions\b/.test(withoutComments(text))
    ? [`${path} must make a proxy with complete options instead of merging some into another's`]
    : [];

/** What may name a channel: its own code, its stand-in, the list of channels, the demo, and the soak. */
const KNOWS_CHANNELS = ['connectors/', 'twins/', 'contracts/channels.ts', 'local/', 'soak/'];

export function checkChannelNames({ path, text }: Source, channels: readonly string[]): Breach[] {
  if (KNOWS_CHANNELS.some((place) => path.startsWith(place))) return [];
  // Spelled in any way: `some-channel`, `someChannel`, `SOME_CHANNEL`.
  const plain = (name: string) => name.toLowerCase().replaceAll(/[-_]/g, '');
  return text.split('\n').flatMap((line, index) => {
    const found = channels.find((channel) => plain(line).includes(plain(channel)));
    return found === undefined ? [] : [`${path}:${index + 1} names the channel ${found}`];
  });
}

/** Largest number of lines by the kind of file; what has no kind of its own may be a little longer. */
const LIMITS: readonly [pattern: RegExp, lines: number][] = [
  [/^src\/workflows\//, 200],
  [/^src\/activities\//, 150],
  [/^src\/connectors\//, 200],
  [/^src\/starter\/routes\//, 80],
  [/^src\/worker\.ts$/, 80],
  [/^test\/.*\.test\.ts$/, 300],
];

/** `path` is below the project's root. */
export function checkSize({ path, text }: Source): Breach[] {
  const limit = LIMITS.find(([pattern]) => pattern.test(path))?.[1];
  const lines = text.replace(/\n$/, '').split('\n').length;
  return limit === undefined || lines <= limit ? [] : [`${path} has ${lines} lines, its limit is ${limit}`];
}

/** Modules that must never be part of a workflow bundle. */
const NEVER_BUNDLED = ['zod', 'undici', 'mysql2', 'luxon', 'fastify', 'pino', 'prom-client', 'lru-cache', 'ulid'];

export const checkBundle = (code: string): Breach[] =>
  NEVER_BUNDLED.filter((name) => code.includes(`node_modules/${name}/`)).map(
    (name) => `the workflow bundle contains ${name}`,
  );
