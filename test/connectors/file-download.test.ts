import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { eventually } from '../stand/waiting';
import { failureOfCall } from './connector-failure';
import { CSV, fetchText, fileServers, MB, pour } from './file-servers';
import { handDeadlines } from './hand-deadlines';

const { serve, close } = fileServers();
afterEach(close);

describe('a file', () => {
  it('comes as it is, after one request that asks for it without packing and tells nothing of us', async () => {
    let headers: object = {};
    const { url, calls } = await serve((request, response) => {
      headers = request.headers;
      response.end(CSV);
    });
    expect(await fetchText(`${url}/a.csv?key=1#part`)).toBe(CSV);
    expect(calls).toEqual(['/a.csv?key=1']);
    expect(headers).toMatchObject({ 'accept-encoding': 'identity', 'user-agent': 'stockbridge' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['cookie']));
  });

  it.each([
    ['gzip', gzipSync(CSV)],
    ['x-gzip', gzipSync(CSV)],
    ['deflate', deflateSync(CSV)],
    ['BR', brotliCompressSync(CSV)],
    ['identity', Buffer.from(CSV)],
  ])('is unpacked when it comes as %s all the same', async (encoding, body) => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(body);
    });
    expect(await fetchText(url)).toBe(CSV);
  });

  it.each(['zstd', 'gzip, gzip', 'compress'])('is refused when it is packed as %s', async (encoding) => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(CSV);
    });
    expect(await failureOfCall(fetchText(url))).toMatchObject({
      type: 'ChannelRejected',
      message: '127.0.0.1 sends the file in an encoding that is not read',
    });
  });

  it('is refused when its packing is broken, without a word of it', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('geheim');
    });
    expect(await failureOfCall(fetchText(url))).toMatchObject({
      type: 'ChannelRejected',
      message: 'the file at 127.0.0.1 cannot be unpacked',
    });
  });
});

describe('a file without end', () => {
  const cut = { type: 'ChannelRejected', message: 'the file at 127.0.0.1 is larger than 5 MB' };

  it.each(['announced', 'unannounced'])('is cut off at the limit, its size %s', async (kind) => {
    let sentBytes = 0;
    const { url } = await serve((_request, response) => {
      if (kind === 'announced') response.setHeader('content-length', 1_000 * MB);
      pour(
        response,
        () => response.destroyed,
        () => {
          sentBytes += MB;
          return Buffer.alloc(MB, 'a');
        },
      );
    });
    expect(await failureOfCall(fetchText(url))).toMatchObject(cut);
    // Of a gigabyte, or of no end; what the kernel keeps on the way has limits of its own.
    expect(sentBytes).toBeLessThan(200 * MB);
  });

  it('is cut off at the limit of what comes out of its packing', async () => {
    const { url } = await serve((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      const gzip = createGzip();
      gzip.pipe(response);
      pour(
        gzip,
        () => response.destroyed,
        () => Buffer.alloc(MB),
      );
    });
    expect(await failureOfCall(fetchText(url))).toMatchObject(cut);
  });

  it('is cut off when its packing holds nothing', async () => {
    const nothing = Buffer.concat(Array<Buffer>(3_000).fill(gzipSync('')));
    const { url } = await serve((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      pour(
        response,
        () => response.destroyed,
        () => nothing,
      );
    });
    expect(await failureOfCall(fetchText(url))).toMatchObject(cut);
  });

  it.each(['the answer', 'the file'])('ends with the time when %s dribbles', async (what) => {
    let isClosed = false;
    const { url, calls } = await serve((request, response) => {
      request.socket.on('close', () => {
        isClosed = true;
      });
      if (what === 'the answer') return;
      response.write('sku');
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const { deadline, running, passOnce } = handDeadlines();
    const failing = failureOfCall(fetchText(url, { totalMs: 60_000, deadline }));
    await passOnce(() => calls.length === 1);
    expect(await failing).toMatchObject({
      type: 'ChannelUnavailable',
      message: '127.0.0.1: no complete file within 60 s',
    });
    await eventually('the connection is closed', () => isClosed || undefined);
    expect(running()).toEqual([]);
  });

  it('ends with the time when its name is never resolved', async () => {
    const failure = await failureOfCall(
      fetchText('https://files.example.com/', { allowedHosts: 'any', totalMs: 300, resolve: () => {} }),
    );
    expect(failure).toMatchObject({
      type: 'ChannelUnavailable',
      message: 'files.example.com: no complete file within 0.3 s',
    });
  });

  it('ends when the caller goes', async () => {
    const controller = new AbortController();
    const { url } = await serve((_request, response) => {
      response.write('sku');
      controller.abort();
    });
    const failure = await failureOfCall(fetchText(url, {}, controller.signal));
    expect(failure).toMatchObject({ type: 'ChannelUnavailable', message: '127.0.0.1: aborted' });
  });
});

describe('an answer that is no file', () => {
  it.each([
    [404, {}, 'ChannelRejected', '127.0.0.1 answered 404 (Not Found) instead of a file'],
    [401, {}, 'ChannelRejected', '127.0.0.1 answered 401 (Unauthorized): the file has to be readable without a login'],
    [204, {}, 'ChannelRejected', '127.0.0.1 answered 204 (No Content) instead of a file'],
    [304, {}, 'ChannelRejected', '127.0.0.1 answered 304 (Not Modified) instead of a file'],
    [302, {}, 'ChannelRejected', '127.0.0.1 answered 302 (Found) instead of a file'],
    [
      200,
      { 'content-type': 'text/html; charset=utf-8' },
      'ChannelRejected',
      '127.0.0.1 answered with a web page instead of a file: it has to be readable without a login',
    ],
    [408, {}, 'ChannelUnavailable', '127.0.0.1 answered 408 (Request Timeout)'],
    [425, {}, 'ChannelUnavailable', '127.0.0.1 answered 425 (Too Early)'],
    [503, {}, 'ChannelUnavailable', '127.0.0.1 answered 503 (Service Unavailable)'],
    [429, { 'retry-after': '7' }, 'ChannelRateLimited', '127.0.0.1 answered 429 (Too Many Requests)'],
  ])('%d %j is %s', async (status, headers, type, message) => {
    const { url } = await serve((_request, response) => {
      response.writeHead(status, headers).end(status === 204 || status === 304 ? undefined : 'geheim');
    });
    expect(await failureOfCall(fetchText(`${url}/secret-path?token=geheim`))).toMatchObject({ type, message });
  });

  it('is waited for as long as it asks, but never longer than five minutes', async () => {
    for (const [retryAfter, retryAfterMs] of [
      ['7', 7_000],
      ['86400', 300_000],
    ] as const) {
      const { url } = await serve((_request, response) => {
        response.writeHead(429, { 'retry-after': retryAfter }).end();
      });
      expect((await failureOfCall(fetchText(url))).details).toMatchObject({ status: 429, retryAfterMs });
    }
  });

  it('is worth another try when it breaks off', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('sku', () => response.destroy());
    });
    const failure = await failureOfCall(fetchText(url));
    expect(failure.type).toBe('ChannelUnavailable');
    expect(failure.message).toMatch(/^127\.0\.0\.1: the connection failed \(UND_ERR_\w+\)$/);
  });
});
