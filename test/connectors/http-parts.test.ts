import type { LookupAddress } from 'node:dns';
import { z } from 'zod';
import { accessTokenOf, storedRefreshTokenOf } from '../../src/connectors/access-token';
import { AddressRefusedError, isPublicAddress, publicLookup } from '../../src/connectors/http/addresses';
import { type AnswerContext, failureOf, parseAnswer } from '../../src/connectors/http/answers';
import { addressOf } from '../../src/connectors/http/base-url';
import { lookupWithin } from '../../src/connectors/http/destinations';
import { isBarred } from '../../src/connectors/http/pages';
import { retryAfterMsOf } from '../../src/connectors/http/retry-after';
import { cleanWords, wordsOf } from '../../src/connectors/http/words';
import { allConnectors, connectorFor } from '../../src/connectors/registry';
import { CHANNELS } from '../../src/contracts/channels';
import { cpuSecondsOf } from '../stand/cpu-time';
import { failureOfCall } from './connector-failure';
import { sampleConnection } from './samples';

const NOW_MS = Date.parse('2025-03-01T12:00:00Z');
const context: AnswerContext = {
  connection: sampleConnection({}),
  what: 'Ajio, stock update',
  isWrite: true,
  secrets: ['s3cr"et'],
  now: () => NOW_MS,
};
const failing = <T>(run: () => T) => failureOfCall((async () => run())());

describe('a name that leads to this machine', () => {
  const lookUp = (host: string, ...allowedHosts: string[]) =>
    new Promise<unknown>((resolve) => {
      lookupWithin({ allowedHosts, allowPrivateAddresses: false })(host, { all: true }, resolve);
    });

  it('is connected to only if it was allowed by itself, or by the wildcard of a local domain', async () => {
    expect(await lookUp('localhost', 'localhost')).toBeNull();
    expect(await lookUp('localhost', 'api.example.com')).toBeInstanceOf(AddressRefusedError);
    expect(await lookUp('localhost', '*.localhost')).toBeInstanceOf(AddressRefusedError);
    // Whether such a name is known differs from machine to machine; it is not refused.
    expect(await lookUp('demo.localhost', '*.localhost')).not.toBeInstanceOf(AddressRefusedError);
  });
});

describe('Retry-After', () => {
  it.each([
    ['5', 5_000],
    [' 5 ', 5_000],
    ['0', 1_000],
    ['99999999999999999999', 3_600_000],
    ['Sat, 01 Mar 2025 12:01:00 GMT', 60_000],
    ['Sat, 01 Mar 2025 11:00:00 GMT', 1_000],
    ['Sun, 01 Mar 2026 12:00:00 GMT', 3_600_000],
    ['Sat, 99 Mar 2025 12:01:00 GMT', 30_000],
    ['-5', 30_000],
    ['1.5', 30_000],
    ['soon', 30_000],
    ['', 30_000],
    [undefined, 30_000],
  ])('%j means %d ms', (header, waitMs) => {
    expect(retryAfterMsOf(header, NOW_MS)).toBe(waitMs);
  });
});

describe('the channel’s words', () => {
  it.each([
    ['{"error":{"code":"E1","message":"no","errors":[{"message":"too big"},"old",7]}}', 'E1: no; too big; old'],
    ['{"code":412,"message":"401:Unauthorized"}', '412: 401:Unauthorized'],
    ['{"error":"invalid_grant","error_description":"gone"}', 'gone'],
    ['{"error":"invalid_grant"}', 'invalid_grant'],
    ['{"message":{"deep":1},"description":"why"}', 'why'],
    ['<html><body>Try <b>again</b></body></html>', 'Try again'],
    ['  plain\n text ', 'plain text'],
    ['', ''],
  ])('of %s', (body, words) => {
    expect(wordsOf(body, [])).toBe(words);
  });

  it('lose secrets however they are written, persons and tokens, and stay short', () => {
    const parts = ['{"alg":"HS256"}', '{"sub":"1234567890"}', 'signature'];
    const token = parts.map((part) => Buffer.from(part).toString('base64url')).join('.');
    const text = `{"a":"s3cr\\"et"} s3cr"et s3cr%22et Bearer abc someone@example.com ${token} ${'x '.repeat(300)}`;
    const words = cleanWords(text, ['s3cr"et', 'x']);
    expect(words).toMatch(/^\{"a":"\[redacted\]"\} \[redacted\] \[redacted\] \[redacted\] \[e-mail\] \[redacted\] x x/);
    expect(words).toHaveLength(200);
  });

  it('are found in time in a hostile page', () => {
    const seconds = cpuSecondsOf(() => {
      for (const piece of ['<', '@', 'a@', 'bearer ', '{', '=']) wordsOf(piece.repeat(500_000), ['secret']);
    });
    expect(seconds).toBeLessThan(20);
  });
});

describe('an answer', () => {
  const answer = (status: number, text = '') => ({ status, headers: {}, text });

  it.each([
    [500, 'ChannelUnavailable', false],
    [502, 'ChannelUnavailable', true],
    [503, 'ChannelUnavailable', false],
    [504, 'ChannelUnavailable', true],
    [599, 'ChannelUnavailable', false],
    [408, 'ChannelUnavailable', false],
    [429, 'ChannelRateLimited', false],
    [401, 'ChannelAuthFailed', false],
    [403, 'ChannelRejected', false],
    [400, 'ChannelRejected', false],
    [499, 'ChannelRejected', false],
    [700, 'ChannelContractViolated', true],
  ])('with status %d is %s', (status, type, mayStillApply) => {
    expect(failureOf(answer(status), context)).toMatchObject({
      type,
      mayStillApply,
      details: { status, connectionId: 294 },
    });
  });

  it('that breaks its schema is named by path, never by value', async () => {
    const schema = z.object({ list: z.array(z.object({ status: z.enum(['A', 'B']) })) });
    const failure = await failing(() =>
      parseAnswer(answer(200, '{"list":[{"status":"A"},{"status":"geheim"}]}'), schema, context),
    );
    expect(failure).toMatchObject({ type: 'ChannelContractViolated', mayStillApply: true });
    expect(failure.message).toContain('"list.1.status"');
    expect(failure.message).not.toContain('geheim');
  });
});

describe('an address', () => {
  const parts = { base: 'https://{accountSlug}.example.com/', path: '/api', accountSlug: 'brand-1' };

  it.each([
    [{}, 'https://brand-1.example.com/api'],
    [{ base: 'http://h:1/x/{accountSlug}//', accountSlug: 'a/b c' }, 'http://h:1/x/a%2Fb%20c/api'],
    [{ base: 'https://h', query: { ids: 'a,b&c' } }, 'https://h/api?ids=a%2Cb%26c'],
  ])('is joined from %j', (changes, address) => {
    expect(addressOf({ ...parts, ...changes })).toBe(address);
  });

  it.each([
    { accountSlug: 'evil.com/' },
    { accountSlug: '-a' },
    { accountSlug: '' },
    { accountSlug: 'a'.repeat(64) },
    { base: 'https://h/{accountSlug}', accountSlug: '..' },
    { base: 'https://h/?q=1' },
    { base: 'ftp://h' },
    { base: 'h.example.com' },
  ])('is refused for %j', async (changes) => {
    expect((await failing(() => addressOf({ ...parts, ...changes }))).type).toBe('InputInvalid');
  });

  it.each([
    '0.0.0.0 10.1.2.3 100.64.0.1 127.9.9.9 169.254.169.254 172.31.0.1 192.168.1.1 198.19.0.1 224.0.0.1 255.255.255.255',
    ':: ::1 ::ffff:8.8.8.8 64:ff9b::808:808 fc00::1 fd00::1 fe80::1 ff02::1 2001:db8::1 2002:7f00:1:: 2001::1',
    'example.com 1.2.3 [2606:4700::1]',
  ])('is not public: %s', (addresses) => {
    expect(addresses.split(' ').filter(isPublicAddress)).toEqual([]);
  });

  it('is public elsewhere', () => {
    const addresses = ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111'];
    expect(addresses.filter(isPublicAddress)).toEqual(addresses);
  });

  const resolved = (host: string, all: boolean) =>
    new Promise<string | LookupAddress[]>((resolve, reject) => {
      publicLookup(host, { all }, (error, address) => (error ? reject(error) : resolve(address)));
    });

  it('is resolved only to what is public, in both of the shapes that sockets ask for', async () => {
    expect(await resolved('8.8.8.8', true)).toEqual([{ address: '8.8.8.8', family: 4 }]);
    expect(await resolved('8.8.8.8', false)).toBe('8.8.8.8');
    await expect(resolved('localhost', true)).rejects.toThrow('not public');
    await expect(resolved('10.0.0.1', false)).rejects.toThrow('not public');
  });
});

describe('a stored token', () => {
  it.each([' plain ', '"plain"', '{"accessToken":"plain","refreshToken":"r"}', '{"access_token":"plain"}'])(
    'is read from %s',
    (accessToken) => {
      expect(accessTokenOf(sampleConnection({ accessToken, tokenExpiresAtMs: NOW_MS + 120_000 }), NOW_MS)).toBe(
        'plain',
      );
    },
  );

  it.each(['two words', 'line\nbreak', '{"accessToken":""}', '{broken', 'ümlaut'])(
    'is not usable as %j',
    async (accessToken) => {
      const failure = await failing(() => accessTokenOf(sampleConnection({ accessToken }), NOW_MS));
      expect(failure).toMatchObject({ type: 'ChannelAuthFailed', details: { tokenGeneration: 3 } });
      expect(failure.message).not.toContain(accessToken);
    },
  );
});

describe('a stored refresh token', () => {
  it.each(['{"accessToken":"a","refreshToken":" r "}', '{"access_token":"a","refresh_token":"r"}'])(
    'is read from %s',
    (accessToken) => {
      expect(storedRefreshTokenOf(sampleConnection({ accessToken }))).toBe('r');
    },
  );

  it.each([
    null,
    '',
    'plain',
    '"plain"',
    '{"accessToken":"a"}',
    '{"refreshToken":7}',
    '{"refreshToken":""}',
    '{broken',
  ])('is not there in %j', (accessToken) => {
    expect(storedRefreshTokenOf(sampleConnection({ accessToken }))).toBeUndefined();
  });
});

describe('the registry', () => {
  it('has the connector of every channel', () => {
    expect(CHANNELS.map((channel) => connectorFor(channel).channel)).toEqual([...CHANNELS]);
    expect(allConnectors().map(({ channel }) => channel)).toEqual([...CHANNELS]);
  });

  it('gives each channel its own listing of a WMS item', () => {
    const item = { productId: 'P/1', variantId: '0022', sku: 'S 1', sellerSku: 'x' };
    const connection = sampleConnection({});
    expect(connectorFor('ajio').listingFor(item, connection)).toBe('P%2F1/0022');
    expect(connectorFor('eshopbox').listingFor(item, connection)).toBe('S 1');
    for (const variantId of [undefined, ' ', 'x'.repeat(101)]) {
      const naming = () => connectorFor('ajio').listingFor({ ...item, variantId }, connection);
      expect(naming).toThrow(RangeError);
      expect(naming).toThrow(/^variantId /);
    }
  });
});

describe('a page with 401', () => {
  const answer = (text: string, headers: Record<string, string> = {}) =>
    isBarred({ status: 401, headers: { 'content-type': 'text/html', ...headers }, text });
  it.each([
    ['<html><head><title>HTTP Status 401 – Unauthorized</title></head></html>', {}],
    ['<html><body>Login required</body></html>', { 'www-authenticate': 'Bearer' }],
  ])('is the channel’s own where it says so: %s', (text, headers) => {
    expect(answer(text, headers)).toBe(false);
  });
  it.each([
    ['<html><head><title>Request Rejected</title></head></html>', {}],
    ['<html><body>Unauthorized</body></html>', { 'cf-mitigated': 'challenge' }],
  ])('is a firewall’s otherwise: %s', (text, headers) => {
    expect(answer(text, headers)).toBe(true);
  });
});
