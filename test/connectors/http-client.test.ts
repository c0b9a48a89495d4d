import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  createHttpClient,
  type HttpClient,
  type HttpClientOptions,
  type HttpRequest,
} from '../../src/connectors/http/client';
import { eventually } from '../stand/waiting';
import { everythingIn, failureOfCall } from './connector-failure';
import { NEVER } from './file-servers';
import { handDeadlines } from './hand-deadlines';

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listening(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = async (listener: RequestListener) =>
  `http://${await listening(createServer({ keepAliveTimeout: NEVER }, listener))}`;

function client(options: Partial<HttpClientOptions> = {}): HttpClient {
  const http = createHttpClient({ allowedHosts: ['127.0.0.1'], allowPrivateAddresses: true, ...options });
  closers.push(() => http.close());
  return http;
}

const request = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'POST',
  url,
  json: { a: 1 },
  repeatable: true,
  signal: new AbortController().signal,
  ...more,
});

describe('an answer that comes', () => {
  it('is handed over with status, headers and text, after exactly one request', async () => {
    const seen: {
      method?: string | undefined;
      url?: string | undefined;
      body: string;
      encoding: unknown;
      key: unknown;
    }[] = [];
    const url = await serve((req, res) => {
      let body = '';
      req.on('data', (chunk) => {
        body += chunk;
      });
      req.on('end', () => {
        const { 'accept-encoding': encoding, apikey: key } = req.headers;
        seen.push({ method: req.method, url: req.url, body, encoding, key });
        res.writeHead(503, { 'X-Twice': ['1', '2'] }).end('“späť”');
      });
    });
    const answer = await client().send(request(`${url}/a?b=c`, { headers: { apiKey: 'k' } }));
    expect(answer).toMatchObject({ status: 503, text: '“späť”', headers: { 'x-twice': '1, 2' } });
    expect(seen).toEqual([{ method: 'POST', url: '/a?b=c', body: '{"a":1}', encoding: 'identity', key: 'k' }]);
  });

  it('is refused when it is a redirect, whose target is not called', async () => {
    let calls = 0;
    const url = await serve((_req, res) => {
      calls += 1;
      res.writeHead(307, { location: '/elsewhere' }).end();
    });
    const failure = await failureOfCall(client().send(request(url)));
    expect(failure).toMatchObject({ type: 'ChannelContractViolated', details: { status: 307 } });
    expect(calls).toBe(1);
  });

  it('is refused when it is compressed', async () => {
    const url = await serve((_req, res) => {
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{}'));
    });
    const failure = await failureOfCall(client().send(request(url)));
    expect(failure).toMatchObject({ type: 'ChannelContractViolated', mayStillApply: true });
  });

  it.each(['announced', 'unannounced'])('is cut off when its %s size passes the ceiling', async (kind) => {
    let writtenBytes = 0;
    let closed: () => void = () => {};
    const closing = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const url = await serve((_req, res) => {
      res.on('close', closed);
      if (kind === 'announced') res.setHeader('content-length', '50000000');
      const pump = () => {
        while (!res.destroyed && writtenBytes < 50_000_000) {
          writtenBytes += 65_536;
          if (!res.write(Buffer.alloc(65_536))) return res.once('drain', pump);
        }
      };
      pump();
    });
    const failure = await failureOfCall(client({ maxAnswerBytes: 10_000 }).send(request(url)));
    expect(failure.type).toBe('ChannelContractViolated');
    await closing;
    expect(writtenBytes).toBeLessThan(20_000_000);
  });
});

describe('an answer that does not come', () => {
  const hang: RequestListener = () => {};
  const reset: RequestListener = (req) => req.socket.destroy();
  const cut: RequestListener = (_req, res) => {
    res.writeHead(200, { 'content-length': '100' }).write('{"status":');
    setTimeout(() => res.destroy(), 20);
  };
  const drip: RequestListener = (_req, res) => {
    const timer = setInterval(() => res.write('1'), 20);
    res.on('close', () => clearInterval(timer));
  };
  /** The total deadline passes as soon as the server has the request. */
  const BY_HAND: Partial<HttpClientOptions> = { timeouts: { headersMs: 60_000 } };
  const cases: [string, RequestListener, Partial<HttpClientOptions>][] = [
    ['silence', hang, { timeouts: { headersMs: 100 } }],
    ['silence up to the total deadline', hang, BY_HAND],
    ['a reset', reset, {}],
    ['half an answer', cut, {}],
    ['a byte at a time', drip, BY_HAND],
    ['a stalled body', (_req, res) => void res.writeHead(200).write('{'), { timeouts: { headersMs: 100 } }],
  ];

  it.each(cases)('%s: unavailable if repeatable, unknown if not, and sent once', async (_name, listener, options) => {
    let calls = 0;
    const url = await serve((req, res) => {
      calls += 1;
      listener(req, res);
    });
    const { deadline, passOnce } = handDeadlines();
    const http = client({ ...options, deadline });
    const failureTo = async (more: Partial<HttpRequest>) => {
      const [callsBefore, failing] = [calls, failureOfCall(http.send(request(url, more)))];
      if (options === BY_HAND) await passOnce(() => calls > callsBefore);
      return failing;
    };
    const repeatable = await failureTo({});
    expect(repeatable).toMatchObject({ type: 'ChannelUnavailable', mayStillApply: true });
    const single = await failureTo({ repeatable: false });
    expect(single).toMatchObject({ type: 'OutcomeUnknown', mayStillApply: true });
    const read = await failureTo({ method: 'GET', json: undefined });
    expect(read).toMatchObject({ type: 'ChannelUnavailable', mayStillApply: false });
    // The client may have given up before the server, in the same process, came to see the request.
    await eventually('all were there', () => calls >= 3);
    expect(calls).toBe(3);
  });

  it('is unknown when the caller aborts after sending', async () => {
    const aborting = new AbortController();
    const url = await serve(() => aborting.abort(new Error('shutting down')));
    const failure = await failureOfCall(client().send(request(url, { repeatable: false, signal: aborting.signal })));
    expect(failure).toMatchObject({ type: 'OutcomeUnknown', mayStillApply: true });
  });
});

describe('a request that never left', () => {
  it('is unavailable without effect when the port is closed', async () => {
    const server = createTcpServer();
    const host = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const failure = await failureOfCall(client().send(request(`http://${host}/a`, { repeatable: false })));
    expect(failure).toMatchObject({ type: 'ChannelUnavailable', mayStillApply: false });
    expect(failure.message).toContain('ECONNREFUSED');
  });

  it('is unavailable without effect when the name does not resolve', async () => {
    const http = client({ allowedHosts: ['*.invalid'], allowPrivateAddresses: false });
    const failure = await failureOfCall(http.send(request('https://shop.invalid/', { repeatable: false })));
    expect(failure).toMatchObject({ type: 'ChannelUnavailable', mayStillApply: false });
  });

  it('is unavailable without effect when the connection does not stand in time', async () => {
    const host = await listening(createTcpServer((socket) => closers.push(() => void socket.destroy())));
    const http = client({ timeouts: { connectMs: 100 } });
    const failure = await failureOfCall(http.send(request(`https://${host}/`, { repeatable: false })));
    expect(failure).toMatchObject({ type: 'ChannelUnavailable', mayStillApply: false });
  });

  it('is unavailable without effect when aborted before, or while it waits for a free connection', async () => {
    const open: ServerResponse[] = [];
    const url = await serve((_req, res) => void open.push(res));
    const http = client({ connectionsPerOrigin: 1 });
    const aborted = await failureOfCall(http.send(request(url, { repeatable: false, signal: AbortSignal.abort() })));
    expect(aborted).toMatchObject({ type: 'ChannelUnavailable', mayStillApply: false });

    const first = http.send(request(url));
    await eventually('the first one is there', () => open[0]);
    const leaving = new AbortController();
    const second = failureOfCall(http.send(request(url, { repeatable: false, signal: leaving.signal })));
    leaving.abort();
    expect(await second).toMatchObject({ type: 'ChannelUnavailable', mayStillApply: false });
    open[0]?.end('{}');
    await first;
    // On the same connection, and so behind whatever was to leave before.
    const third = http.send(request(url));
    const answer = await eventually('the third one is there', () => open[1]);
    answer.end('"third"');
    expect((await third).text).toBe('"third"');
    expect(open).toHaveLength(2);
  });

  it('is our own fault when a header cannot be sent, without repeating the header', async () => {
    const url = await serve((_req, res) => res.end());
    const failure = await failureOfCall(client().send(request(url, { headers: { apiKey: 'geheim\r\nx: y' } })));
    expect(failure.type).toBe('InputInvalid');
    expect(everythingIn(failure)).not.toContain('geheim');
  });
});

describe('a destination', () => {
  const strict = (hosts: string[]) => client({ allowedHosts: hosts, allowPrivateAddresses: false });

  it.each([
    ['another host', 'https://evil.example/', ['api.example.com']],
    ['the parent of a wildcard', 'https://example.com/', ['*.example.com']],
    ['a host that only ends alike', 'https://badexample.com/', ['*.example.com']],
    ['a user name', 'https://user:geheim@api.example.com/', ['api.example.com']],
    ['another scheme', 'ftp://api.example.com/', ['api.example.com']],
    ['loopback that only a wildcard allows', 'http://127.0.0.1:1/', ['*.0.0.1']],
    ['loopback as one number', 'http://2130706433/', ['*.0.0.1']],
    ['loopback in IPv6', 'http://[::1]/', ['127.0.0.1', 'localhost']],
    ['a mapped address', 'http://[::ffff:10.0.0.1]/', ['10.0.0.1']],
    ['the metadata service', 'http://169.254.169.254/latest', ['*.169.254']],
    ['another port than the one allowed', 'http://127.0.0.1:1/', ['127.0.0.1:2']],
  ])('is refused before anything is sent: %s', async (_name, url, hosts) => {
    const failure = await failureOfCall(strict(hosts).send(request(url)));
    expect(failure).toMatchObject({ type: 'InputInvalid', mayStillApply: false });
    expect(failure.message).toContain(new URL(url).hostname);
    expect(everythingIn(failure)).not.toContain('geheim');
  });

  it.each([
    ['its address', (port: string) => ['127.0.0.1', `http://127.0.0.1:${port}/`]],
    ['its address and port', (port: string) => [`127.0.0.1:${port}`, `http://127.0.0.1:${port}/`]],
    ['a name that can only be a local one', (port: string) => ['LOCALHOST', `http://localhost:${port}/`]],
  ])('on this machine may be called when it is allowed by %s', async (_name, entryAndUrl) => {
    const { port } = new URL(await serve((_req, res) => res.end('{}')));
    const [entry = '', url = ''] = entryAndUrl(port);
    expect((await strict([entry]).send(request(url))).status).toBe(200);
  });

  it('is described without query, headers and body', async () => {
    const url = await serve((req) => req.socket.destroy());
    const secret = 'geheim-1234';
    const failure = await failureOfCall(
      client().send(request(`${url}/path?token=${secret}`, { headers: { authorization: secret }, json: { secret } })),
    );
    expect(failure.message).toContain(`POST ${url}/path`);
    expect(everythingIn(failure)).not.toContain(secret);
  });
});

it('keeps to its number of connections and uses them again', async () => {
  const sockets = new Set<unknown>();
  const url = await serve((req, res) => {
    sockets.add(req.socket);
    setTimeout(() => res.end('{}'), 5);
  });
  const http = client({ connectionsPerOrigin: 2 });
  await Promise.all(Array.from({ length: 20 }, () => http.send(request(url))));
  expect(sockets.size).toBe(2);
});
