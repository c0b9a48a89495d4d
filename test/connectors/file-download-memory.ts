import { createFileDownload } from '../../src/connectors/http/file-download';
import { connectorFor } from '../../src/connectors/registry';
import { readStockCsv } from '../../src/intake/stock-csv';
import { MB, PATIENT } from './file-servers';
import { sampleConnection } from './samples';

/** A program: fetches and reads the files at the addresses that it is given, and prints, a line each, by how many MB the process grew at most. Needs `--expose-gc`. */

const connection = sampleConnection({ channel: 'increff-oms', locationId: null, settings: { locationCode: 'w' } });
const target = { connection, connector: connectorFor('increff-oms') };
const LOOK_MS = 5;

async function main(): Promise<void> {
  const download = createFileDownload({ ...PATIENT, allowedHosts: ['127.0.0.1'], allowHttp: true, maxBytes: 5 * MB });
  for (const url of process.argv.slice(2)) {
    globalThis.gc?.();
    const baseBytes = process.memoryUsage.rss();
    let peakBytes = baseBytes;
    const look = () => {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    };
    const timer = setInterval(look, LOOK_MS);
    const outcome = await download({ url, signal: new AbortController().signal }, (bytes) =>
      readStockCsv(bytes, target),
    ).then(
      ({ rows }) => `${rows.length} rows`,
      (error: Error) => error.message,
    );
    clearInterval(timer);
    look();
    console.log([new URL(url).pathname, ((peakBytes - baseBytes) / MB).toFixed(1), outcome].join('\t'));
  }
}

void main();
