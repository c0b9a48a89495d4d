import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { z } from 'zod';
import type { Endpoint } from './connectors/ports';
import { allConnectors } from './connectors/registry';

const CREDENTIALS_KEY_BYTES = 32;

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const hostList = z.string().transform((text) =>
  text
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== ''),
);

const keyWords = `must be ${CREDENTIALS_KEY_BYTES} bytes in base64`;
const credentialsKey = z
  .base64(keyWords)
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.length === CREDENTIALS_KEY_BYTES, keyWords);
const credentialsKeys = z
  .string()
  .transform((text) => text.split(',').map((key) => key.trim()))
  .pipe(z.array(credentialsKey));

const settings = z.object({
  MYSQL_URL: z.url({ protocol: /^mysql$/, error: 'must be mysql://user:password@host:port/database' }),
  GATEWAY_HOST: z.string().default('127.0.0.1'),
  GATEWAY_PORT: port.default(8080),
  DRAIN_SECONDS: z.coerce.number().min(0).max(600).default(5),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  OUTBOUND_ALLOWED_HOSTS: hostList.optional(),
  OUTBOUND_ALLOW_PRIVATE: flag.default(false),
  IMPORT_ALLOWED_HOSTS: hostList.optional(),
  IMPORT_ALLOW_HTTP: flag.default(false),
  GRAPHQL_INTROSPECTION: flag.default(false),
  CREDENTIALS_KEY: credentialsKey.optional(),
  CREDENTIALS_READ_KEYS: credentialsKeys.optional(),
  SHARED_CONNECTIONS: flag.default(false),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  METRICS_PORT: port.optional(),
  RETENTION_DAYS: z.coerce.number().int().min(30).max(3_650).default(35),
});

/** Whoever can only open would store what is new without a seal. */
const fittingSettings = settings.refine(
  ({ CREDENTIALS_KEY, CREDENTIALS_READ_KEYS }) => CREDENTIALS_READ_KEYS === undefined || CREDENTIALS_KEY !== undefined,
  { path: ['CREDENTIALS_KEY'] },
);

/** A base address of the channel: http(s), may hold `{accountSlug}`. */
const endpointUrl = z.string().refine((text) => {
  const url = URL.parse(text.replaceAll('{accountSlug}', 'slug'));
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
}, 'must be an http(s) address');

export interface TemporalConfig {
  address: string;
  namespace: string;
  /** The rest of what Temporal's standard environment names say (TLS, API key, …), for `Connection` and `NativeConnection`. */
  connectionOptions: NativeConnectionOptions;
}

/** Everything that the environment decides, read once. */
export interface Config {
  mysqlUrl: string;
  temporal: TemporalConfig;
  gateway: {
    host: string;
    port: number;
    publicUrl: string | undefined;
    /** How long requests are still taken after SIGTERM, while balancers learn from `readyz` that no more should come. */
    drainSeconds: number;
  };
  /** Base addresses of the channels by the name of their environment variable. */
  endpoints: Readonly<Record<string, string>>;
  outbound: { allowedHosts: readonly string[]; allowPrivateAddresses: boolean };
  /** Where files that callers name may come from; `any` host that is public when none is named. */
  imports: { allowedHosts: readonly string[] | 'any'; allowHttp: boolean };
  graphql: { introspection: boolean };
  /** Seals what we store, and opens it. */
  credentialsKey: Buffer | undefined;
  /** Open what other processes sealed before, or will seal soon. */
  credentialsReadKeys: readonly Buffer[];
  /** Other programs read the tokens that we write into the table of connections that we share. */
  sharedConnections: boolean;
  logLevel: string;
  metricsPort: number | undefined;
  retentionDays: number;
}

/** Says everything that is wrong with the environment at once, by name, never by value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly faults: readonly string[]) {
    super(`The environment is not usable:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

/** Where others reach the gateway; without `PUBLIC_URL` that is only this machine. */
export const publicUrlOf = ({
  gateway: { publicUrl, host, port },
}: {
  gateway: Pick<Config['gateway'], 'publicUrl' | 'host' | 'port'>;
}): string => publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** `*.example.com` for an address with an account in its host, the host itself otherwise. */
const hostPattern = (base: string): string =>
  new URL(base.replace('{accountSlug}.', 'slug-placeholder.')).hostname.replace('slug-placeholder.', '*.');

/** Reads the environment; an empty variable counts as one that is not set. Throws a {@link ConfigError}. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const endpoints: readonly Endpoint[] = allConnectors().flatMap((connector) => connector.endpoints);
  const endpointSettings = z.object(
    Object.fromEntries(endpoints.map((endpoint) => [endpoint.env, endpointUrl.default(endpoint.default)])),
  );
  const own = fittingSettings.safeParse(given);
  const bases = endpointSettings.safeParse(given);
  if (!own.success || !bases.success) {
    // Only the name and what is expected: a value may hold a password.
    throw new ConfigError(
      [...(own.error?.issues ?? []), ...(bases.error?.issues ?? [])].map(({ path: [variable, index], message }) => {
        const name = String(variable);
        if (given[name] === undefined) return `${name}: is required`;
        return typeof index === 'number' ? `${name}: key ${index + 1} ${message}` : `${name}: ${message}`;
      }),
    );
  }
  const { data } = own;
  const { connectionOptions, namespace } = loadClientConnectConfig({
    overrideEnvVars: z.record(z.string(), z.string()).parse(given),
  });
  return {
    mysqlUrl: data.MYSQL_URL,
    temporal: {
      address: connectionOptions.address ?? '127.0.0.1:7233',
      namespace: namespace ?? 'default',
      connectionOptions,
    },
    gateway: {
      host: data.GATEWAY_HOST,
      port: data.GATEWAY_PORT,
      publicUrl: data.PUBLIC_URL,
      drainSeconds: data.DRAIN_SECONDS,
    },
    endpoints: bases.data,
    outbound: {
      allowedHosts: data.OUTBOUND_ALLOWED_HOSTS ?? Object.values(bases.data).map(hostPattern),
      allowPrivateAddresses: data.OUTBOUND_ALLOW_PRIVATE,
    },
    imports: { allowedHosts: data.IMPORT_ALLOWED_HOSTS ?? 'any', allowHttp: data.IMPORT_ALLOW_HTTP },
    graphql: { introspection: data.GRAPHQL_INTROSPECTION },
    credentialsKey: data.CREDENTIALS_KEY,
    credentialsReadKeys: data.CREDENTIALS_READ_KEYS ?? [],
    sharedConnections: data.SHARED_CONNECTIONS,
    logLevel: data.LOG_LEVEL,
    metricsPort: data.METRICS_PORT,
    retentionDays: data.RETENTION_DAYS,
  };
}
