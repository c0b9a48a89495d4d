import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DecisiveFault } from './faults';
import { FIREWALL_PAGES } from './firewall-pages';

/** An answer before it goes out: JSON or plain text. */
export type Answer = { status: number; json: unknown } | { status: number; text: string };

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const PAGE_TYPE = { 'content-type': 'text/html; charset=utf-8' };
const TEXT_TYPE = { 'content-type': 'text/plain; charset=utf-8' };
const HTML_PAGE =
  '<!DOCTYPE html><html><head><title>Service</title></head><body><h1>Please try again later</h1></body></html>';
const CHUNK_BYTES = 65_536;

const textOf = (answer: Answer): string => ('json' in answer ? JSON.stringify(answer.json) : answer.text);
const typeOf = (answer: Answer): Record<string, string> => ('json' in answer ? JSON_TYPE : TEXT_TYPE);

function* jsonStringOf(bytes: number): Generator<string> {
  yield '"';
  for (let left = bytes - 2; left > 0; left -= CHUNK_BYTES) yield 'x'.repeat(Math.min(left, CHUNK_BYTES));
  yield '"';
}

async function* byteByByte(text: string, everyMs: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (const byte of Buffer.from(text)) {
    await sleep(everyMs, undefined, { signal });
    yield Buffer.from([byte]);
  }
}

/** Where an answer goes, and who is told of its status before the first byte leaves. */
export interface Wire {
  response: ServerResponse;
  /** Ends slow answers when the twin stops. */
  signal: AbortSignal;
  answered(status: number): void;
}

function sendText(wire: Wire, status: number, headers: Record<string, string>, text: string): void {
  const body = Buffer.from(text);
  wire.answered(status);
  wire.response.writeHead(status, { ...headers, 'content-length': String(body.length) });
  wire.response.end(body);
}

async function stream(wire: Wire, status: number, headers: Record<string, string>, source: Readable): Promise<void> {
  wire.answered(status);
  wire.response.writeHead(status, headers);
  // The caller may leave in the middle; that is what such an answer is for.
  await pipeline(source, wire.response).catch(() => undefined);
}

/** Sends an answer as it is. */
export const sendAnswer = (wire: Wire, answer: Answer): void =>
  sendText(wire, answer.status, typeOf(answer), textOf(answer));

/** Lets a fault decide what leaves in place of the honest answer; a hang leaves the connection open. */
export async function sendFaulty(wire: Wire, fault: DecisiveFault, honest: Answer, throttled: Answer): Promise<void> {
  switch (fault.kind) {
    case 'hang':
    case 'hang-after-applying':
      return;
    case 'reset':
    case 'reset-after-applying':
      wire.response.socket?.resetAndDestroy();
      return;
    case 'status': {
      const isText = typeof fault.body === 'string';
      const text = fault.body === undefined ? '' : isText ? String(fault.body) : JSON.stringify(fault.body);
      return sendText(wire, fault.status, { ...(isText ? TEXT_TYPE : JSON_TYPE), ...fault.headers }, text);
    }
    case 'throttle': {
      const retryAfter = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      return sendText(wire, fault.status, { ...typeOf(throttled), ...retryAfter }, textOf(throttled));
    }
    case 'redirect':
      return sendText(wire, fault.status, { location: fault.location }, '');
    case 'garbage':
      return sendText(wire, 200, JSON_TYPE, 'OK, everything went fine <<not JSON>>');
    case 'html':
      return sendText(wire, fault.status, PAGE_TYPE, HTML_PAGE);
    case 'firewall': {
      const { headers, text } = FIREWALL_PAGES[fault.by];
      return sendText(wire, fault.status, { ...PAGE_TYPE, ...headers }, text);
    }
    case 'truncated': {
      const text = textOf(honest);
      const half = text.slice(0, Math.ceil(text.length / 2));
      if (!fault.cutConnection) return sendText(wire, honest.status, typeOf(honest), half);
      wire.response.writeHead(honest.status, { ...typeOf(honest), 'content-length': String(Buffer.byteLength(text)) });
      wire.response.write(half, () => wire.response.socket?.destroy());
      return;
    }
    case 'huge':
      return stream(wire, 200, JSON_TYPE, Readable.from(jsonStringOf(fault.bytes), { objectMode: true }));
    case 'slow': {
      const source = Readable.from(byteByByte(textOf(honest), fault.ms, wire.signal));
      return stream(wire, honest.status, typeOf(honest), source);
    }
  }
}
