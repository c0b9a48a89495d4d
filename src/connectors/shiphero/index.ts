import { createHash } from 'node:crypto';
import { listingOf } from '../../contracts/ids';
import { storedRefreshTokenOf } from '../access-token';
import { ConnectorError } from '../errors';
import { addressOf } from '../http/base-url';
import { identifierOf } from '../identifiers';
import { credentialsOf, settingsOf } from '../opening';
import type { Call, Capabilities, Connector, IssuedToken, JobInventoryWriter } from '../ports';
import { SHIPHERO_ENDPOINT, type ShipheroClient, shipheroClient } from './client';
import { creditsFor, creditsOf, issuedTokenOf, jobFileOf, jobStateOf, rowVerdictPageOf } from './mapper';
import {
  listingSettings,
  MAX_FILE_ROWS,
  type ShipheroCredentials,
  type ShipheroSettings,
  shipheroCredentials,
  shipheroSettings,
} from './settings';

/** ShipHero: takes stock per warehouse and SKU as a file that it fetches, and counts credits. */
export const shipheroConnector: Connector = {
  channel: 'shiphero',
  role: 'sales',
  displayName: 'ShipHero',
  endpoints: [SHIPHERO_ENDPOINT],
  capabilities: ['jobInventoryWriter', 'creditReader', 'tokenIssuer'],
  credentials: shipheroCredentials,
  settings: shipheroSettings,

  listingFor(item, connection) {
    const { listingFrom } = settingsOf(listingSettings, connection);
    return listingOf(identifierOf(item[listingFrom], listingFrom));
  },

  listingForCode: (code) => listingOf(identifierOf(code, 'code')),

  // Requests and credits are counted by account; hashed, so that the key holds no name.
  gate(connection, endpoints) {
    const { requestsPerMinute, baseUrl } = settingsOf(shipheroSettings, connection);
    const { username, refreshToken } = credentialsOf(shipheroCredentials, connection);
    const base = baseUrl ?? endpoints[SHIPHERO_ENDPOINT.env] ?? SHIPHERO_ENDPOINT.default;
    const { origin } = new URL(addressOf({ base, path: '/', accountSlug: connection.accountSlug }));
    const account = JSON.stringify([origin, username ?? refreshToken]);
    return { key: `shiphero/${createHash('sha256').update(account).digest('hex')}`, requestsPerMinute };
  },

  open(connection, context): Capabilities {
    const settings = settingsOf(shipheroSettings, connection);
    const credentials = credentialsOf(shipheroCredentials, connection);
    const client = shipheroClient({ connection, credentials, settings, context });
    return {
      jobInventoryWriter: jobWriterOf(client, settings),
      creditReader: { readCredits: async (call) => creditsOf(await client.readQuota(call)) },
      tokenIssuer: {
        issueToken: async (call) =>
          issueToken({ client, credentials, stored: storedRefreshTokenOf(connection), now: context.now }, call),
      },
    };
  },
};

const jobWriterOf = (client: ShipheroClient, settings: ShipheroSettings): JobInventoryWriter => ({
  batchSize: Math.min(settings.batchSize, MAX_FILE_ROWS),
  deadlineMs: settings.syncDeadlineSeconds * 1_000,
  credits: creditsFor(settings),
  fileOf: (lines) => jobFileOf(lines, settings),
  startJob: async (fileUrl, call) => ({ jobId: await client.startSync(fileUrl, call) }),
  async findJob(fileUrl, call) {
    const { data } = await client.listSyncs(call);
    const found = data.edges.find(({ node }) => node.url === fileUrl);
    return found && { jobId: found.node.id };
  },
  readJob: async (jobId, call) => jobStateOf(await client.readSync(jobId, call), client.secrets),
  stopJob: async (jobId, reason, call) => client.abortSync(jobId, reason, call),
  async readVerdicts({ jobId, only, cursor }, call) {
    const page = {
      id: jobId,
      first: settings.itemsPageSize,
      ...(only === 'errors' ? { status: 'error' } : {}),
      ...(cursor === null ? {} : { after: cursor }),
    };
    return rowVerdictPageOf(await client.readItems(page, call), client.itemsRead);
  },
});

interface WaysIn {
  client: ShipheroClient;
  credentials: ShipheroCredentials;
  /** The refresh token of the last login or refresh. */
  stored: string | undefined;
  now(): number;
}

/**
 * A token by the first way in that is not refused: the stored refresh token, then the one of the credentials, which a person
 * may have replaced since, then the login. Each is asked once.
 */
async function issueToken({ client, credentials, stored, now }: WaysIn, call: Call): Promise<IssuedToken> {
  const { username, password, refreshToken } = credentials;
  const askedAtMs = now();
  const ways = [...new Set([stored, refreshToken])]
    .filter((token) => token !== undefined)
    .map((token) => async () => issuedTokenOf(await client.refresh(token, call), askedAtMs, token));
  if (username !== undefined && password !== undefined) {
    ways.push(async () => issuedTokenOf(await client.logIn({ username, password }, call), askedAtMs));
  }
  let refused: unknown;
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.type !== 'ChannelAuthFailed') throw error;
      refused = error;
    }
  }
  throw refused;
}
