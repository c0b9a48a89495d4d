import { createHttpClient } from '../../src/connectors/http/client';
import type { Call, Capabilities } from '../../src/connectors/ports';
import { connectorFor } from '../../src/connectors/registry';
import { CHANNELS, type Channel } from '../../src/contracts/channels';
import { listingOf } from '../../src/contracts/ids';
import { MB } from './file-servers';
import { sampleCancel, sampleConnection } from './samples';

/**
 * A program: asks a server that answers whatever it likes for everything that each connector can write or log in with, ten times
 * at once, and prints, a line for each connector: by how many MB the process grew at most, the failures, and what came back as done.
 * Needs `--expose-gc`. Arguments: base address, ways of answering.
 */

const AT_ONCE = 10;
const LOOK_MS = 5;
const WITHOUT_END = ['drip', 'headers'];
const lines = (channel: Channel) => [
  { listing: channel === 'ajio' ? listingOf('P', 'V') : listingOf('S'), quantity: 1 },
];

const CONNECTIONS: Record<Channel, Parameters<typeof sampleConnection>[0]> = {
  ajio: { credentials: { username: 'u', password: 'pass-word' } },
  eshopbox: { credentials: { client_id: 'c', client_secret: 'secret', refresh_token: 'refresh' } },
  'increff-oms': {
    credentials: { authUsername: 'u', authPassword: 'pass-word' },
    accessToken: null,
    settings: { locationCode: 'w' },
  },
  'increff-assure': {
    credentials: { authUsername: 'u', authPassword: 'pass-word' },
    accessToken: null,
    settings: { clientId: 1, fulfillmentLocationId: 1 },
  },
  shiphero: { credentials: { username: 'u', password: 'pass-word' }, settings: { warehouseId: 'w' } },
};

/** Everything that changes something at the channel, and the login. */
const callsOf = (channel: Channel, one: Capabilities, call: Call): (() => Promise<unknown>)[] =>
  [
    ...(one.inventoryWriter ? [() => one.inventoryWriter?.setStock(lines(channel), call)] : []),
    ...(one.orderCanceller ? [() => one.orderCanceller?.cancelOrder(sampleCancel, call)] : []),
    ...(one.jobInventoryWriter ? [() => one.jobInventoryWriter?.startJob('https://a.example/f', call)] : []),
    ...(one.tokenIssuer ? [() => one.tokenIssuer?.issueToken(call)] : []),
  ].map((ask) => async () => ask());

async function main([base = '', ...ways]: readonly string[]): Promise<void> {
  for (const way of ways) {
    // Only an answer without end may come to the end of its time, on the slowest machine as well.
    const totalMs = WITHOUT_END.includes(way) ? 3_000 : 100_000;
    const http = createHttpClient({
      allowedHosts: ['127.0.0.1'],
      allowPrivateAddresses: true,
      timeouts: { connectMs: totalMs, headersMs: totalMs, totalMs },
    });
    for (const channel of CHANNELS) {
      const connector = connectorFor(channel);
      const endpoints = Object.fromEntries(connector.endpoints.map(({ env }) => [env, `${base}/${way}`]));
      const connection = sampleConnection({ channel, ...CONNECTIONS[channel] });
      const capabilities = connector.open(connection, { http, endpoints, now: Date.now });
      globalThis.gc?.();
      const baseBytes = process.memoryUsage.rss();
      let peakBytes = baseBytes;
      const look = () => {
        peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
      };
      const timer = setInterval(look, LOOK_MS);
      const calls = callsOf(channel, capabilities, { signal: new AbortController().signal });
      const outcomes = await Promise.allSettled(
        Array.from({ length: AT_ONCE }, () => calls.map((ask) => ask())).flat(),
      );
      clearInterval(timer);
      look();
      const done = outcomes.filter(({ status }) => status === 'fulfilled').length;
      const types = outcomes.flatMap((one) => (one.status === 'rejected' ? [String(one.reason?.type)] : []));
      const grownMb = ((peakBytes - baseBytes) / MB).toFixed(1);
      console.log([way, channel, grownMb, [...new Set(types)].sort().join(','), calls.length, done].join('\t'));
    }
    await http.close();
  }
}

void main(process.argv.slice(2));
