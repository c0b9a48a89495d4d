import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { createFileDownload, type FileDownloadOptions } from '../../src/connectors/http/file-download';

export const MB = 1024 * 1024;

/** For a server's `keepAliveTimeout`: Node's five seconds end a connection just when a stalled client sends its next request. */
export const NEVER = 0;

/** Servers of files on this machine, which end together, and remember what they were asked for. */
export function fileServers() {
  const closers: (() => void)[] = [];
  return {
    async serve(listener: RequestListener): Promise<{ url: string; port: number; calls: string[] }> {
      const calls: string[] = [];
      const server = createServer({ keepAliveTimeout: NEVER }, (request, response) => {
        calls.push(String(request.url));
        listener(request, response);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closers.push(() => {
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      return { url: `http://127.0.0.1:${port}`, port, calls };
    },
    close(): void {
      for (const close of closers.splice(0)) close();
    },
  };
}

/** Writes what `next` makes for as long as somebody reads. */
export function pour(out: NodeJS.WritableStream, isOver: () => boolean, next: () => Buffer): void {
  while (!isOver()) if (!out.write(next())) return void out.once('drain', () => pour(out, isOver, next));
}

/** For tests that mean no deadline. */
export const PATIENT = { totalMs: 600_000 };

/** The whole file as text; from this machine, unless the options say otherwise. */
export const fetchText = async (url: string, options: Partial<FileDownloadOptions> = {}, signal?: AbortSignal) => {
  const download = createFileDownload({
    ...PATIENT,
    allowedHosts: ['127.0.0.1'],
    allowHttp: true,
    maxBytes: 5 * MB,
    ...options,
  });
  const file = { url, signal: signal ?? new AbortController().signal };
  return download(file, async (bytes) => (await buffer(bytes)).toString());
};

/** A small file of stock. */
export const CSV = 'sku,quantity\nA,1\n';
