import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { METRICS_MEDIA_TYPE } from './metrics';

export interface MetricsServer {
  port: number;
  close(): Promise<void>;
}

/** Serves `/metrics`, `/healthz` and `/readyz` for a program that has no HTTP server of its own. */
export async function serveMetrics(options: {
  host: string;
  port: number;
  /** Sources of Prometheus text, shown one after the other. */
  readMetrics: readonly (() => Promise<string>)[];
  /** Why the program cannot do its work yet or any more, in words; undefined when it can. */
  whyNotReady(): Promise<string | undefined>;
}): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, contentType: string, body: string) =>
      response.writeHead(status, { 'content-type': contentType }).end(body);
    try {
      if (request.url === '/metrics') {
        const texts = await Promise.all(options.readMetrics.map((read) => read()));
        return answer(200, METRICS_MEDIA_TYPE, texts.join('\n'));
      }
      if (request.url === '/healthz') return answer(200, 'application/json', '{"status":"ok"}');
      if (request.url === '/readyz') {
        const detail = await options.whyNotReady();
        return detail === undefined
          ? answer(200, 'application/json', '{"status":"ok"}')
          : answer(503, 'application/json', JSON.stringify({ status: 'not ready', detail }));
      }
      return answer(404, 'text/plain', 'not found');
    } catch {
      return answer(500, 'text/plain', 'the metrics could not be read');
    }
  });
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port, options.host, resolve),
  );
  const address: AddressInfo | string | null = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
