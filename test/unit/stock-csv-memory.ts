import { connectorFor } from '../../src/connectors/registry';
import { readStockCsv } from '../../src/intake/stock-csv';
import { sampleConnection } from '../connectors/samples';

/** A program: reads large sources and prints, a line each, by how many MB the process grew at least in some rounds. Needs `--expose-gc`. */

const connection = sampleConnection({ channel: 'increff-oms', locationId: null, settings: { locationCode: 'w' } });
const target = { connection, connector: connectorFor('increff-oms') };
const KIB = 1024;

async function* source(header: string, chunk: string, chunks: number): AsyncGenerator<Buffer> {
  yield Buffer.from(header);
  for (let index = 0; index < chunks; index++) yield Buffer.from(chunk);
}

const row = (noteChars: number) => `SKU-1,5,${'x'.repeat(noteChars)}\n`;
const HEADER = 'sku,quantity,note\n';
const SOURCES: Record<string, () => AsyncGenerator<Buffer>> = {
  // The first one also pays for everything that is loaded late.
  'to warm up': () => source(HEADER, row(1_600).repeat(30), 30),
  '3,000 rows in 5 MB': () => source(HEADER, row(1_600).repeat(30), 100),
  '10 MB': () => source(HEADER, row(60 * KIB), 170),
  'endless blank lines': () => source(HEADER, '\n'.repeat(64 * KIB), Number.POSITIVE_INFINITY),
  'endless commas': () => source(HEADER, ',\n'.repeat(32 * KIB), Number.POSITIVE_INFINITY),
  'an endless cell': () => source(`${HEADER}"`, 'x'.repeat(64 * KIB), Number.POSITIVE_INFINITY),
};

async function grownBytes(open: () => AsyncGenerator<Buffer>): Promise<number> {
  globalThis.gc?.();
  const baseBytes = process.memoryUsage.rss();
  let peakBytes = baseBytes;
  const look = () => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  };
  async function* watched(): AsyncGenerator<Buffer> {
    for await (const chunk of open()) {
      look();
      yield chunk;
    }
    look();
  }
  await readStockCsv(watched(), target).catch(() => undefined);
  look();
  return peakBytes - baseBytes;
}

/** The least counts: a busy machine puts the collector off, and what the reader keeps is there each time. */
const ROUNDS = 3;

async function main(): Promise<void> {
  for (const [name, open] of Object.entries(SOURCES)) {
    const grown: number[] = [];
    for (let round = 0; round < ROUNDS; round++) grown.push(await grownBytes(open));
    console.log(`${name}\t${(Math.min(...grown) / KIB / KIB).toFixed(1)}`);
  }
}

void main();
