import { parse } from 'csv-parse/sync';
import { type Dispatcher, fetch } from 'undici';
import { z } from 'zod';

/** One data row of a CSV as it stands there; rows count from 1, the header does not count. */
export interface CsvRow {
  row: number;
  sku: string;
  quantity: string;
  action: string;
  reason: string;
  /** Null when there is no such column, or nothing in it. */
  location: string | null;
  /** What makes the row unusable before anyone looks at its values. */
  fault: string | null;
}

/** A download as the state shows it. */
export interface CsvFetch {
  syncId: string;
  url: string;
  /** ISO-8601 UTC. */
  at: string;
  /** Null: no answer. */
  status: number | null;
  /** Bytes of the body after decompression, as far as it was read. */
  bytes: number;
  /** Whether an `Authorization` header went with it, which only an address with a user and a password causes. */
  credentialsSent: boolean;
}

export interface CsvLimits {
  maxLines: number;
  maxBytes: number;
  timeoutMs: number;
}

type Download = Pick<CsvFetch, 'status' | 'bytes' | 'credentialsSent'> &
  ({ ok: true; text: string } | { ok: false; message: string });

const REQUIRED_COLUMNS = ['sku', 'quantity', 'action', 'reason'];
const OPTIONAL_COLUMNS = ['location'];

/** Downloads a text as ShipHero does: over http or https, following redirects. Never throws. */
export async function downloadCsv(
  url: string,
  { maxBytes, timeoutMs }: CsvLimits,
  { dispatcher, signal }: { dispatcher: Dispatcher; signal: AbortSignal },
): Promise<Download> {
  const address = new URL(url);
  const user = decodeURIComponent(address.username);
  const password = decodeURIComponent(address.password);
  address.username = '';
  address.password = '';
  const credentialsSent = user !== '' || password !== '';
  const basic = Buffer.from(`${user}:${password}`).toString('base64');
  const timeout = AbortSignal.timeout(timeoutMs);
  const done = { status: null as number | null, bytes: 0, credentialsSent };
  try {
    const response = await fetch(address, {
      dispatcher,
      headers: credentialsSent ? { authorization: `Basic ${basic}` } : {},
      signal: AbortSignal.any([signal, timeout]),
    });
    done.status = response.status;
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      return { ...done, ok: false, message: `File could not be downloaded: HTTP ${response.status}` };
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) {
      done.bytes += chunk.byteLength;
      // Leaving the loop ends the download.
      if (done.bytes > maxBytes) return { ...done, ok: false, message: `File is larger than ${maxBytes} bytes` };
      chunks.push(chunk);
    }
    return { ...done, ok: true, text: Buffer.concat(chunks).toString('utf8') };
  } catch {
    const reason = timeout.aborted ? 'no answer in time' : 'no answer';
    return { ...done, ok: false, message: `File could not be downloaded: ${reason}` };
  }
}

const cells = z.array(z.array(z.string()));

/** Reads a CSV; the message says why there is nothing to read in it. `maxLines` counts the header; `skuColumn` is what its first column has to be called. */
export function rowsOf(
  text: string,
  maxLines: number,
  skuColumn: 'any' | 'sku' | '#sku' = 'any',
): { ok: true; rows: CsvRow[] } | { ok: false; message: string; tooMany?: true } {
  let lines: string[][];
  try {
    lines = cells.parse(parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true, trim: true }));
  } catch {
    return { ok: false, message: 'File is not a valid CSV' };
  }
  const [header, ...data] = lines;
  const columns = (header ?? []).map((name) => {
    const given = name.toLowerCase();
    const isSku = skuColumn === 'any' ? given === '#sku' : given === skuColumn;
    if (isSku) return 'sku';
    // Under another name it is a column that nobody knows.
    return given === 'sku' && skuColumn === '#sku' ? 'sku (not #sku)' : given;
  });
  const missing = REQUIRED_COLUMNS.filter((name) => !columns.includes(name));
  if (missing.length > 0) return { ok: false, message: `Missing columns: ${missing.join(', ')}` };
  const isKnown = (name: string): boolean => REQUIRED_COLUMNS.includes(name) || OPTIONAL_COLUMNS.includes(name);
  const surplus = columns.filter((name, index) => !isKnown(name) || columns.indexOf(name) !== index);
  if (surplus.length > 0) return { ok: false, message: `Unexpected columns: ${surplus.join(', ')}` };
  if (lines.length > maxLines)
    return { ok: false, message: `File has ${lines.length} lines, at most ${maxLines} are allowed`, tooMany: true };
  const rows = data.map((line, index): CsvRow => {
    const cell = (name: string): string => line[columns.indexOf(name)] ?? '';
    return {
      row: index + 1,
      sku: cell('sku'),
      quantity: cell('quantity'),
      action: cell('action'),
      reason: cell('reason'),
      location: cell('location') || null,
      fault: line.length === columns.length ? null : 'Wrong number of columns',
    };
  });
  return { ok: true, rows };
}
