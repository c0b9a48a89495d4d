import type { Resolver } from '../../src/connectors/http/addresses';
import { failureOfCall } from './connector-failure';
import { CSV, fetchText, fileServers } from './file-servers';

const { serve, close } = fileServers();
afterEach(close);

/** Answers for names as a name server that changes its mind does: one list of addresses after the other, the last for ever. */
function resolving(...answers: string[][]): { resolve: Resolver; asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    resolve: (_host, _options, callback) => {
      const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
      asked += 1;
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    },
  };
}

describe('redirects', () => {
  it('are followed three times and not once more, wherever they are relative to', async () => {
    const { url, calls } = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) return response.end(CSV);
      response.writeHead(302, { location: `./${left - 1}` }).end('moved');
    });
    expect(await fetchText(`${url}/3`)).toBe(CSV);
    expect(calls).toEqual(['/3', '/2', '/1', '/0']);
    expect(await failureOfCall(fetchText(`${url}/4`))).toMatchObject({
      type: 'ChannelRejected',
      message: '127.0.0.1: more than 3 redirects',
    });
  });

  it.each([
    ['http://127.0.0.1:PORT/', '127.0.0.1 is not among the allowed hosts'],
    ['http://0x7f.1:PORT/', '127.0.0.1 is not among the allowed hosts'],
    ['http://169.254.169.254/latest/meta-data', '169.254.169.254 is not among the allowed hosts'],
    ['//inside.example.com:PORT/', 'inside.example.com leads to an address that is not public'],
    ['ftp://files.example.com/', 'ftp://files.example.com: only http and https are called'],
    ['http://me:pass@files.example.com/', 'files.example.com: an address with user name or password is not called'],
    ['http://[', 'the address to call is not a URL'],
  ])('to %s are refused and not followed', async (location, message) => {
    const inside = await serve((_request, response) => response.end(CSV));
    const outside = await serve((_request, response) => {
      response.writeHead(307, { location: location.replace('PORT', String(inside.port)) }).end();
    });
    const { resolve } = resolving(['127.0.0.1']);
    const options = { allowedHosts: ['start.internal', '*.example.com'], resolve };
    const failure = await failureOfCall(fetchText(`http://start.internal:${outside.port}/`, options));
    expect(failure).toMatchObject({ type: 'InputInvalid', message });
    expect(outside.calls).toHaveLength(1);
    expect(inside.calls).toEqual([]);
  });

  it('out of encryption are refused', async () => {
    const failure = await failureOfCall(
      fetchText('http://files.example.com/a.csv', { allowedHosts: 'any', allowHttp: false }),
    );
    expect(failure).toMatchObject({
      type: 'InputInvalid',
      message: 'files.example.com: files are fetched over https only',
    });
  });
});

describe('an address inside', () => {
  it.each([
    'http://127.0.0.1:PORT/',
    'http://0x7f.1:PORT/',
    'http://2130706433:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://127.1.:PORT/',
    'http://[::1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://[fd00::1]:PORT/',
    'http://169.254.169.254/',
    'http://100.64.0.1/',
    'http://10.0.0.1/',
    'http://0.0.0.0:PORT/',
    'http://localhost:PORT/',
    'http://a.localhost:PORT/',
  ])('%s is not called', async (address) => {
    const { port, calls } = await serve((_request, response) => response.end(CSV));
    const { resolve } = resolving(['127.0.0.1']);
    const failure = await failureOfCall(
      fetchText(address.replace('PORT', String(port)), { allowedHosts: 'any', resolve }),
    );
    expect(failure.type).toBe('InputInvalid');
    expect(failure.message).toMatch(/is not a public address$|leads to an address that is not public$/);
    expect(calls).toEqual([]);
  });

  it.each(['10.1.2.3', '169.254.169.254', '100.64.1.1', 'fd00::1', 'fe80::1', '::ffff:127.0.0.1', '::1'])(
    'is not called by a name that leads to %s, alone or among others',
    async (address) => {
      for (const addresses of [[address], ['2000::1', address]]) {
        const { resolve } = resolving(addresses);
        const failure = await failureOfCall(fetchText('https://files.example.com/', { allowedHosts: 'any', resolve }));
        expect(failure).toMatchObject({
          type: 'InputInvalid',
          message: 'files.example.com leads to an address that is not public',
        });
      }
    },
  );

  it('is not called by a name that was public when it was asked for the first time', async () => {
    const { port, calls } = await serve((_request, response) => response.end(CSV));
    // Nobody has 2000::1, so the first attempt finds nobody; the second one is led inside.
    const { resolve, asked } = resolving(['2000::1'], ['127.0.0.1']);
    const attempt = () =>
      failureOfCall(
        fetchText(`http://rebound.example.com:${port}/`, { allowedHosts: 'any', resolve, totalMs: 10_000 }),
      );
    expect((await attempt()).type).toBe('ChannelUnavailable');
    expect(asked()).toBe(1);
    expect((await attempt()).type).toBe('InputInvalid');
    expect(calls).toEqual([]);
  });

  it('is called by a name that the operator has allowed by itself, and by no other', async () => {
    const { port, calls } = await serve((_request, response) => response.end(CSV));
    const { resolve } = resolving(['127.0.0.1']);
    const options = { allowedHosts: ['files.internal', 'files.example.com'], resolve };
    expect(await fetchText(`http://files.internal:${port}/`, options)).toBe(CSV);
    expect((await failureOfCall(fetchText(`http://files.example.com:${port}/`, options))).message).toBe(
      'files.example.com leads to an address that is not public',
    );
    expect((await failureOfCall(fetchText(`http://other.internal:${port}/`, options))).message).toBe(
      'other.internal is not among the allowed hosts',
    );
    expect(calls).toHaveLength(1);
  });

  it.each([
    ['nonsense', 'the address to call is not a URL'],
    ['file:///etc/passwd', 'file://: only http and https are called'],
    ['https://me:pass@files.example.com/', 'files.example.com: an address with user name or password is not called'],
    ['http://files.example.com/?token=geheim', 'files.example.com: files are fetched over https only'],
  ])('nor is %s', async (address, message) => {
    const failure = await failureOfCall(fetchText(address, { allowedHosts: 'any', allowHttp: false }));
    expect(failure).toMatchObject({ type: 'InputInvalid', message });
  });
});
