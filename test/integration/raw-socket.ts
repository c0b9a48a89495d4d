import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What came back on a connection, byte by byte as the gateway sent it. */
export interface RawExchange {
  /** Of all answers, in their order. */
  statuses: number[];
  text: string;
  /** The gateway closed the connection. */
  isClosed: boolean;
  ms: number;
  writtenBytes: number;
}

/** What is written to a connection, which has its own idea of when. */
export type Script = (socket: Socket) => Promise<void> | void;

/** Writes what the script says and reads until the gateway closes the connection or `waitMs` have passed since it was written. */
export async function exchangeRaw(url: string, script: Script | string, waitMs = 1_000): Promise<RawExchange> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const startMs = Date.now();
  let text = '';
  socket.setEncoding('latin1').on('data', (piece) => {
    text += piece;
  });
  // A reset is a way of closing, too.
  socket.on('error', () => {});
  const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
  const written = typeof script === 'string' ? Promise.resolve(void socket.write(script, 'latin1')) : script(socket);
  await Promise.race([written, closed]);
  const ending = new AbortController();
  const isOver = delay(waitMs, false, { signal: ending.signal }).catch(() => false);
  const isClosed = await Promise.race([closed, isOver]);
  ending.abort();
  const { bytesWritten } = socket;
  socket.destroy();
  return {
    statuses: [...text.matchAll(/(?:^|\r\n|})HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)),
    text,
    isClosed,
    ms: Date.now() - startMs,
    writtenBytes: bytesWritten,
  };
}

/** The head of a request, as text; a header with two values is sent twice. */
export const headOf = (line: string, headers: Readonly<Record<string, string | readonly string[]>> = {}): string =>
  [
    `${line} HTTP/1.1`,
    'host: gateway',
    ...Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`)),
    '\r\n',
  ].join('\r\n');

/** Writes a piece again and again until the connection does not take it any more. */
export const pourInto =
  (head: string, piece: Buffer, pieces: number): Script =>
  async (socket) => {
    socket.write(head);
    for (let written = 0; written < pieces && !socket.destroyed; written++) {
      // A reset ends the waiting as well.
      if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
    }
  };

/** Writes one byte after another. */
export const drip =
  (start: string, byte: string, everyMs: number): Script =>
  async (socket) => {
    socket.write(start);
    while (!socket.destroyed && socket.writable) {
      await delay(everyMs);
      socket.write(byte);
    }
  };
