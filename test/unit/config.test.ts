import { ConfigError, loadConfig } from '../../src/config';

const MYSQL_URL = 'mysql://user:pass@localhost:3306/stock';
/** A folder without Temporal's own configuration file, so that only the given environment counts. */
const base = { MYSQL_URL, HOME: '/nonexistent', TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml' };

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error('the environment was expected to be refused');
}

it('needs only MYSQL_URL', () => {
  expect(loadConfig(base)).toMatchObject({
    mysqlUrl: MYSQL_URL,
    temporal: { address: '127.0.0.1:7233', namespace: 'default' },
    gateway: { host: '127.0.0.1', port: 8080, publicUrl: undefined, drainSeconds: 5 },
    credentialsKey: undefined,
    credentialsReadKeys: [],
    logLevel: 'info',
    metricsPort: undefined,
    retentionDays: 35,
    endpoints: { AJIO_BASE_URL: 'https://api-seller.services.ajio.com' },
    outbound: { allowPrivateAddresses: false },
    imports: { allowedHosts: 'any', allowHttp: false },
    graphql: { introspection: false },
  });
});

it('says everything that is wrong at once, by name and never by value', () => {
  const env = {
    HOME: '/nonexistent',
    MYSQL_URL: 'postgres://user:hunter2@db/x',
    GATEWAY_PORT: '99999-hunter2',
    DRAIN_SECONDS: 'hunter2',
    PUBLIC_URL: 'ftp://hunter2',
    CREDENTIALS_KEY: 'aHVudGVyMg==',
    LOG_LEVEL: 'hunter2',
    METRICS_PORT: '-1',
    RETENTION_DAYS: '7',
    OUTBOUND_ALLOW_PRIVATE: 'hunter2',
    IMPORT_ALLOW_HTTP: 'hunter2',
    GRAPHQL_INTROSPECTION: 'hunter2',
    AJIO_BASE_URL: 'hunter2',
    ESHOPBOX_BASE_URL: 'file:///hunter2',
  };
  const faults = faultsOf(env);
  const names = faults.map((fault) => fault.split(':')[0]);
  expect([...new Set(names)].sort()).toEqual(
    Object.keys(env)
      .filter((name) => name !== 'HOME')
      .sort(),
  );
  expect(faults.join('\n')).not.toMatch(/hunter2|aHVudGVyMg/);
  expect(new ConfigError(faults).message).toContain('\n  MYSQL_URL: must be mysql://');
});

it('takes an empty variable for one that is not set', () => {
  const empty = {
    GATEWAY_PORT: '',
    CREDENTIALS_KEY: '',
    AJIO_BASE_URL: '',
    OUTBOUND_ALLOWED_HOSTS: '',
    IMPORT_ALLOWED_HOSTS: '',
    TEMPORAL_ADDRESS: '',
  };
  expect(loadConfig({ ...base, ...empty })).toEqual(loadConfig(base));
  expect(faultsOf({ MYSQL_URL: '' })).toEqual(['MYSQL_URL: is required']);
});

it('lets out only to the channels’ own hosts, with any account in front', () => {
  const { allowedHosts } = loadConfig(base).outbound;
  expect(allowedHosts).toEqual(expect.arrayContaining(['api-seller.services.ajio.com', '*.eshopbox.com']));
});

it('follows the base addresses that are given, unless the hosts are named', () => {
  const given = {
    ...base,
    AJIO_BASE_URL: 'http://twin.test:7101',
    ESHOPBOX_BASE_URL: 'http://twin.test:7102/{accountSlug}',
  };
  expect(loadConfig(given).endpoints).toMatchObject({ AJIO_BASE_URL: 'http://twin.test:7101' });
  expect(loadConfig(given).outbound.allowedHosts).toContain('twin.test');
  const named = loadConfig({ ...given, OUTBOUND_ALLOWED_HOSTS: ' A.test, ,b.test ', OUTBOUND_ALLOW_PRIVATE: 'true' });
  expect(named.outbound).toEqual({ allowedHosts: ['a.test', 'b.test'], allowPrivateAddresses: true });
});

it('fetches files from the hosts that are named, and from no other', () => {
  const given = { ...base, IMPORT_ALLOWED_HOSTS: 'Files.test, *.b.test', IMPORT_ALLOW_HTTP: 'true' };
  expect(loadConfig(given).imports).toEqual({ allowedHosts: ['files.test', '*.b.test'], allowHttp: true });
  expect(loadConfig({ ...base, GRAPHQL_INTROSPECTION: 'true' }).graphql).toEqual({ introspection: true });
});

it('reads Temporal’s standard names', () => {
  const { temporal } = loadConfig({ ...base, TEMPORAL_ADDRESS: 'temporal.test:7233', TEMPORAL_NAMESPACE: 'shop' });
  expect(temporal).toMatchObject({ address: 'temporal.test:7233', namespace: 'shop' });
  expect(temporal.connectionOptions).toMatchObject({ address: 'temporal.test:7233' });
});

it('takes a key of 32 bytes', () => {
  const key = Buffer.alloc(32, 5);
  expect(loadConfig({ ...base, CREDENTIALS_KEY: key.toString('base64') }).credentialsKey).toEqual(key);
});

describe('keys that only open', () => {
  const [key, second, third] = [5, 6, 7].map((byte) => Buffer.alloc(32, byte).toString('base64'));
  const withKey = { ...base, CREDENTIALS_KEY: String(key) };

  it('stand in a list', () => {
    const { credentialsReadKeys } = loadConfig({ ...withKey, CREDENTIALS_READ_KEYS: `${second}, ${third}` });
    expect(credentialsReadKeys).toEqual([Buffer.alloc(32, 6), Buffer.alloc(32, 7)]);
  });

  it('are refused by their place in it', () => {
    expect(faultsOf({ ...withKey, CREDENTIALS_READ_KEYS: `${second},aHVudGVyMg==,hunter2!` })).toEqual([
      'CREDENTIALS_READ_KEYS: key 2 must be 32 bytes in base64',
      'CREDENTIALS_READ_KEYS: key 3 must be 32 bytes in base64',
    ]);
  });

  it('are refused alone: what is new would be stored without a seal', () => {
    expect(faultsOf({ ...base, CREDENTIALS_READ_KEYS: String(second) })).toEqual(['CREDENTIALS_KEY: is required']);
  });
});

it('writes tokens where other programs read them only when it is told so', () => {
  expect(loadConfig(base).sharedConnections).toBe(false);
  expect(loadConfig({ ...base, SHARED_CONNECTIONS: 'true' }).sharedConnections).toBe(true);
  expect(faultsOf({ ...base, SHARED_CONNECTIONS: 'yes' })).toEqual([expect.stringMatching(/^SHARED_CONNECTIONS: /)]);
});
