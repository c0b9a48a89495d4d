import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const CREDENTIALS_KEY_BYTES = 32;

/** Where the parts of a stand listen. */
export interface StandAddresses {
  mysqlUrl: string;
  temporalAddress: string;
  gatewayHost: string;
  gatewayPort: number;
  ajioTwinUrl: string;
  eshopboxTwinUrl: string;
  /** A channel without a twin keeps its own address. */
  increffTwinUrl?: string;
  shipheroTwinUrl?: string;
}

/** What the programs of a stand, and the command line in a second terminal, need in their environment. */
export function standEnvironment(stand: StandAddresses, credentialsKey: string): Record<string, string> {
  return {
    MYSQL_URL: stand.mysqlUrl,
    TEMPORAL_ADDRESS: stand.temporalAddress,
    TEMPORAL_NAMESPACE: process.env.TEMPORAL_NAMESPACE || 'default',
    GATEWAY_HOST: stand.gatewayHost,
    GATEWAY_PORT: String(stand.gatewayPort),
    // Nobody stands before the gateway who would have to learn that it stops.
    DRAIN_SECONDS: '0',
    AJIO_BASE_URL: stand.ajioTwinUrl,
    ESHOPBOX_BASE_URL: `${stand.eshopboxTwinUrl}/{accountSlug}`,
    ESHOPBOX_AUTH_URL: `${stand.eshopboxTwinUrl}/auth`,
    ...(stand.increffTwinUrl === undefined ? {} : { INCREFF_BASE_URL: stand.increffTwinUrl }),
    ...(stand.shipheroTwinUrl === undefined ? {} : { SHIPHERO_BASE_URL: stand.shipheroTwinUrl }),
    OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    OUTBOUND_ALLOW_PRIVATE: 'true',
    // So that a file of one's own machine can be tried.
    IMPORT_ALLOWED_HOSTS: '127.0.0.1',
    IMPORT_ALLOW_HTTP: 'true',
    CREDENTIALS_KEY: credentialsKey,
  };
}

/** Writes an environment as `process.loadEnvFile` reads it, for this user's eyes only. */
export function writeEnvironmentFile(file: string, environment: Readonly<Record<string, string>>): void {
  const lines = Object.entries(environment).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

/** The key of the environment, else the one of earlier runs, else a new one that is kept in the file. */
export function credentialsKey(file: string): string {
  const given = process.env.CREDENTIALS_KEY;
  if (given) return given;
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const made = randomBytes(CREDENTIALS_KEY_BYTES).toString('base64');
  writeFileSync(file, made, { mode: 0o600 });
  return made;
}
