import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config';
import { allConnectors } from '../../src/connectors/registry';
import { FAILURE_TYPES } from '../../src/contracts/failures';
import { createMetrics } from '../../src/observability/metrics';
import { attentionWord } from '../../src/workflows/advice';

const ROOT = join(__dirname, '../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
/** A document without the blanks that align its tables. */
const readDocument = (name: string): string => read(name).replaceAll(/ +/g, ' ');

const service = z.object({
  image: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  read_only: z.boolean().default(false),
  restart: z.string(),
  stop_grace_period: z.string().default('10s'),
  volumes: z.array(z.string()).default([]),
  deploy: z.object({
    replicas: z.number().default(1),
    resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string() }) }),
  }),
});

const composeText = read('docker-compose.yml');
const compose = z
  .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.unknown()) })
  .parse(parse(composeText, { merge: true }));
const own = Object.entries(compose.services).filter(([, { image }]) => image === 'stockbridge:local');

/** Names of src/config.ts: what stands in its schema, and the endpoints that the connectors bring. */
const ownVariables = (): string[] => {
  const schema = /const settings = z\.object\(\{\n(.*?)\n\}\);/s.exec(read('src/config.ts'))?.[1] ?? '';
  const names = [...schema.matchAll(/^ {2}([A-Z][A-Z_]*):/gm)].map(([, name]) => String(name));
  const bases = allConnectors().flatMap(({ endpoints }) => endpoints.map(({ env }) => env));
  // Channels of one vendor can share a base address.
  return [...new Set([...names, ...bases])];
};

/** Whether Temporal's own reader of the environment knows the name. */
const isTemporals = (name: string): boolean =>
  readFileSync(require.resolve('@temporalio/envconfig/lib/envconfig-toml.js'), 'utf8').includes(`['${name}']`);

const seconds = (text: string): number => {
  const [, count, unit] = /^(\d+)(s|m)$/.exec(text) ?? [];
  if (count === undefined) throw new Error(`${text} is no time in seconds or minutes`);
  return Number(count) * (unit === 'm' ? 60 : 1);
};

/** What the images of others read, as their documentation names it. */
const IMAGE_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  mysql: ['MYSQL_DATABASE', 'MYSQL_USER', 'MYSQL_PASSWORD', 'MYSQL_ROOT_PASSWORD'],
  postgres: ['POSTGRES_USER', 'POSTGRES_PASSWORD'],
  'temporalio/admin-tools': ['SQL_PLUGIN', 'SQL_HOST', 'SQL_PORT', 'SQL_USER', 'SQL_PASSWORD', 'TEMPORAL_ADDRESS'],
  'temporalio/server': [
    ...['DB', 'DB_PORT', 'POSTGRES_SEEDS', 'POSTGRES_USER', 'POSTGRES_PWD'],
    ...['BIND_ON_IP', 'DYNAMIC_CONFIG_FILE_PATH'],
  ],
  'temporalio/ui': ['TEMPORAL_ADDRESS'],
};

describe('docker-compose.yml', () => {
  it('has the services of the production-like stand', () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      [
        ...['gateway', 'worker', 'twins', 'setup', 'mysql', 'postgres'],
        ...['temporal', 'temporal-schema', 'temporal-namespace', 'temporal-ui'],
      ].sort(),
    );
    expect(compose.services.worker?.deploy.replicas).toBe(2);
    expect(own.map(([name]) => name).sort()).toEqual(['gateway', 'setup', 'twins', 'worker']);
  });

  it.each(own)('%s runs a file that the build makes', (_name, { command }) => {
    const [program, file] = command ?? [];
    expect(program).toBe('node');
    expect(file).toMatch(/^dist\/.+\.js$/);
    const source = String(file)
      .replace(/^dist\//, 'src/')
      .replace(/\.js$/, '.ts');
    expect(existsSync(join(ROOT, source)) ? source : `${source} is missing`).toBe(source);
  });

  it('gives every service only variables that it reads', () => {
    const known = ownVariables();
    const strangers = Object.entries(compose.services).flatMap(([name, { image, environment }]) => {
      const ofImage = IMAGE_VARIABLES[image.replace(/:[^:]*$/, '')];
      return Object.keys(environment)
        .filter(
          (variable) => !(ofImage ?? known).includes(variable) && (ofImage !== undefined || !isTemporals(variable)),
        )
        .map((variable) => `${name}: ${variable}`);
    });
    expect(strangers).toEqual([]);
  });

  it.each(own.filter(([, { environment }]) => 'MYSQL_URL' in environment))(
    '%s starts with its environment',
    (_name, { environment }) => {
      // As compose fills it in when nothing is set outside.
      const filled = Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [name, value.replace(/\$\{\w+:-([^}]*)\}/g, '$1')]),
      );
      const config = loadConfig(filled);
      expect(new URL(config.mysqlUrl).hostname).toBe('mysql');
      expect(config.temporal.address).toBe('temporal:7233');
      expect(config.outbound).toEqual({ allowedHosts: ['twins'], allowPrivateAddresses: true });
    },
  );

  it('waits only for services that exist, and for the right thing', () => {
    for (const [name, { depends_on }] of Object.entries(compose.services)) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const awaited = compose.services[other];
        const ends = awaited?.restart === 'on-failure:5';
        expect(`${name} → ${other}: ${condition}`).toBe(
          `${name} → ${other}: ${ends ? 'service_completed_successfully' : 'service_healthy'}`,
        );
        expect(ends || awaited?.healthcheck !== undefined ? other : `${other} has no healthcheck`).toBe(other);
      }
    }
  });

  it('lets a worker end before it is killed', () => {
    const grace = /SHUTDOWN_GRACE = '(\d+s)'/.exec(read('src/workers.ts'))?.[1];
    const endsAfterMs = Number(/END_WITHIN_MS = ([\d_]+)/.exec(read('src/workers.ts'))?.[1]?.replaceAll('_', ''));
    expect(endsAfterMs / 1_000).toBeGreaterThan(seconds(grace ?? ''));
    expect(seconds(compose.services.worker?.stop_grace_period ?? '0s')).toBeGreaterThan(endsAfterMs / 1_000);
  });

  it('pins every image, publishes to this machine only, and holds no password but the defaults of a local stand', () => {
    for (const [name, { image, ports, read_only }] of Object.entries(compose.services)) {
      expect(`${name} ${image}`).toMatch(/:(local|\d+[\d.]*)$/);
      for (const port of ports) expect(`${name} ${port}`).toMatch(/ 127\.0\.0\.1:\d+:\d+$/);
      expect(`${name} ${read_only}`).toBe(`${name} ${image === 'stockbridge:local'}`);
    }
    const fixed = [...composeText.matchAll(/^\s*\w*(?:PASSWORD|PWD|_KEY):\s*(.*)$/gm)].map(([, value]) => value);
    expect(fixed.length).toBeGreaterThan(4);
    for (const value of fixed) expect(value).toMatch(/^\$\{[A-Z_]+:-(local-only)?\}$/);
  });

  it('keeps data in named volumes', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes }) =>
      volumes.map((volume) => volume.split(':')[0]),
    );
    expect(mounted.sort()).toEqual(Object.keys(compose.volumes).sort());
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  it('builds on glibc and runs without root', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(new Set(bases)).toEqual(new Set(['node:20-bookworm-slim']));
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^CMD \["node", "dist\/worker\.js"\]$/m);
  });

  it('copies only what the build context holds', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap((line) => /^!(.+)$/.exec(line)?.[1] ?? []);
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
      String(sources).split(' '),
    );
    expect(copied.length).toBeGreaterThan(4);
    for (const source of copied) {
      expect(allowed).toContain(source);
      expect(existsSync(join(ROOT, source)) ? source : `${source} is missing`).toBe(source);
    }
  });
});

describe('.env.example', () => {
  const text = read('.env.example');
  const names = [...text.matchAll(/^#([A-Z][A-Z_]*)=/gm)].map(([, name]) => String(name));
  const temporals = names.filter((name) => name.startsWith('TEMPORAL_'));

  it('names exactly the variables of src/config.ts', () => {
    expect(ownVariables()).toEqual(
      expect.arrayContaining(['MYSQL_URL', 'GATEWAY_PORT', 'CREDENTIALS_KEY', 'AJIO_BASE_URL']),
    );
    expect(names.filter((name) => !temporals.includes(name)).sort()).toEqual(ownVariables().sort());
    expect(temporals).toEqual(expect.arrayContaining(['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']));
    expect(temporals.filter((name) => !isTemporals(name))).toEqual([]);
  });

  it('sets nothing by itself, and its values can be used', () => {
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
    const values = [...text.matchAll(/^#([A-Z][A-Z_]*)=(.+)$/gm)].map(([, name, value]) => [
      String(name),
      String(value),
    ]);
    const config = loadConfig(Object.fromEntries(values));
    const { gateway, endpoints, logLevel, retentionDays } = loadConfig({ MYSQL_URL: 'mysql://u:p@127.0.0.1:3306/d' });
    // An example that is a default must be the default.
    expect(config).toMatchObject({ gateway, endpoints, logLevel, retentionDays });
  });
});

describe('the documents', () => {
  const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'src/twins/README.md'].concat(
    readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  );

  it.each(documents)('%s has no link that leads nowhere', (name) => {
    const links = [...read(name).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => String(link));
    const dead = links
      .filter((link) => !/^(https?:|#)/.test(link))
      .filter((link) => !existsSync(join(ROOT, dirname(name), link.replace(/#.*$/, ''))));
    expect(dead).toEqual([]);
  });

  it('describe every variable', () => {
    const table = /\| variable \| default.*?\n\n/s.exec(readDocument('README.md'))?.[0] ?? '';
    expect(ownVariables().filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  });

  it('tell what to do about every value of Attention, and about no other', () => {
    const words = new Set([...FAILURE_TYPES, 'Unexpected' as const].map((type) => attentionWord('', { type })));
    const inReadme = [...readDocument('README.md').matchAll(/^\| `…(_[a-z_]+)` \|/gm)].map(([, word]) => word);
    const operations = readDocument('docs/operations.md');
    const table = operations.slice(operations.indexOf('## Attention'), operations.indexOf('## Signals'));
    const inOperations = [...table.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, word]) => `_${word}`);
    expect(inReadme.sort()).toEqual([...words].sort());
    expect(inOperations.sort()).toEqual([...words].sort());
  });

  it('name every metric', async () => {
    const metrics = createMetrics();
    metrics.watchParked(async () => 0);
    const ours = (await metrics.registry.getMetricsAsJSON())
      .map(({ name }) => name)
      .filter((name) => name.startsWith('stockbridge_'));
    expect(ours.length).toBeGreaterThan(5);
    const operations = readDocument('docs/operations.md');
    expect(ours.filter((name) => !operations.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it('describe every route', async () => {
    const routes = readdirSync(join(ROOT, 'src/starter/routes')).flatMap((name) =>
      [...read(`src/starter/routes/${name}`).matchAll(/server\.(get|post|put)\(\s*'([^']+)'/g)].map(
        ([, method, path]) => [String(method).toUpperCase(), String(path)],
      ),
    );
    const table = /\| route \| answers.*?\n\n/s.exec(readDocument('README.md'))?.[0] ?? '';
    expect(routes.length).toBeGreaterThan(7);
    expect(routes.filter(([, path]) => !new RegExp(`\`(?:[A-Z]+ )?${path}[\`?]`).test(table))).toEqual([]);
  });

  it('describe every command', () => {
    const table = /\| command \| does.*?\n\n/s.exec(readDocument('README.md'))?.[0] ?? '';
    const usages = readdirSync(join(ROOT, 'src/cli/commands')).flatMap((name) =>
      [...read(`src/cli/commands/${name}`).matchAll(/usage: '(\w+)/g)].map(([, usage]) => String(usage)),
    );
    expect(usages.length).toBeGreaterThan(10);
    expect(usages.filter((usage) => !new RegExp(`\`[^\`]*\\b${usage}\\b`).test(table))).toEqual([]);
  });
});
