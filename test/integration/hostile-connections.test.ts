import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import inventoryEvent from '../fixtures/events/inventory.json';
import { type Stand, startStand } from '../stand/stand';
import { eventually } from '../stand/waiting';
import { buildPrograms, type Program, startProgram } from './programs';
import { drip, exchangeRaw, headOf, pourInto } from './raw-socket';

const MB = 1024 * 1024;
/** Ends only what hangs: the gateway itself closes after 30 s at most. */
const PATIENCE_MS = 120_000;
const JSON_TYPE = { 'content-type': 'application/json' };

let stand: Stand;
let gateway: Program;
let url: string;
let keyed: { 'content-type': string; 'x-api-key': string };
beforeAll(async () => {
  await buildPrograms();
  stand = await startStand({ worker: false });
  gateway = startProgram('starter/main.js', stand);
  url = z.string().parse((await gateway.logged('gateway listens')).address);
  keyed = { ...JSON_TYPE, 'x-api-key': stand.keys.spykar };
});
afterAll(async () => {
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  await stand.stop();
});

const memoryMb = (): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${gateway.child.pid}/status`, 'utf8'))?.[1]) / 1_024;
const POST = 'POST /events/inventory';
const event = (messageId: string) => JSON.stringify({ ...inventoryEvent, message_id: messageId });
const post = (messageId: string, headers = {}) =>
  `${headOf(POST, { ...keyed, 'content-length': String(event(messageId).length), ...headers })}${event(messageId)}`;
const ORDINARY_REQUESTS = 20;
/** Sends some ordinary requests one after the other, and tells of each that is answered. */
async function sendOrdinary(onAnswer: () => void): Promise<void> {
  for (let round = 0; round < ORDINARY_REQUESTS; round++) {
    const answer = await fetch(`${url}/events/inventory`, {
      method: 'POST',
      headers: keyed,
      body: event(`meanwhile-${round}`),
    });
    expect(answer.status).toBe(202);
    onAnswer();
  }
}

describe('what cannot be read as a request', () => {
  const body = (headers: Record<string, string | string[]>, text = '{}') =>
    headOf(POST, { ...JSON_TYPE, ...headers }) + text;
  it.each<[string, string, number]>([
    ['both a length and chunks', body({ 'content-length': '2', 'transfer-encoding': 'chunked' }, '0\r\n\r\n'), 400],
    ['two lengths', body({ 'content-length': ['2', '3'] }), 400],
    ['a length below nothing', body({ 'content-length': '-1' }), 400],
    ['a length with a sign', body({ 'content-length': '+2' }), 400],
    ['a length beyond all numbers', body({ 'content-length': '9'.repeat(40) }), 400],
    ['an encoding that is not chunked', body({ 'transfer-encoding': 'gzip' }), 400],
    ['chunked twice over', body({ 'transfer-encoding': 'chunked, identity' }), 400],
    ['a chunk of no size', body({ 'transfer-encoding': 'chunked' }, 'zz\r\n{}\r\n0\r\n\r\n'), 400],
    ['a null byte in its path', headOf('GET /submissions/\u0000'), 400],
    ['a line feed in a header', `GET /healthz HTTP/1.1\r\nhost: a\r\nx: a\nb\r\n\r\n`, 400],
    ['a path of 20 kB', headOf(`GET /${'x'.repeat(20_000)}`), 431],
    ['a header of 20 kB', headOf('GET /healthz', { 'x-long': 'x'.repeat(20_000) }), 431],
    ['a thousand headers', headOf('GET /healthz', { x: Array.from({ length: 5_000 }, () => 'yyyy') }), 431],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['the words of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['the words of TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400],
    ['an unknown method', headOf('STEAL /healthz'), 400],
  ])('is refused and its connection closed: %s', async (_name, request, status) => {
    const { statuses, isClosed, text } = await exchangeRaw(url, request, PATIENCE_MS);
    expect([statuses, isClosed]).toEqual([[status], true]);
    if (text.includes('{')) expect(text).toContain('application/problem+json');
  });

  it('is refused when it expects what nobody does, and taken when it only waits to be asked for its body', async () => {
    expect(
      (await exchangeRaw(url, headOf('GET /healthz', { expect: 'miracles', connection: 'close' }), PATIENCE_MS))
        .statuses,
    ).toEqual([417]);
    const polite = post('polite', { expect: '100-continue', connection: 'close' });
    expect((await exchangeRaw(url, polite, PATIENCE_MS)).statuses).toEqual([100, 202]);
  });
});

it('answers requests that were sent before the answers to others came, each and in order', async () => {
  const gets = Array.from({ length: 300 }, (_, index) => headOf(index % 2 === 0 ? 'GET /healthz' : 'GET /nowhere'));
  const answer = await exchangeRaw(url, [...gets, post('last', { connection: 'close' })].join(''), PATIENCE_MS);
  expect(answer.statuses).toEqual([...gets.map((_, index) => (index % 2 === 0 ? 200 : 404)), 202]);
});

describe('a body of 100 MB', () => {
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MB, ' '), Buffer.from('\r\n')]);
  it.each<[string, () => string, Buffer, number]>([
    ['announced', () => headOf(POST, { ...keyed, 'content-length': String(100 * MB) }), Buffer.alloc(MB, ' '), 413],
    [
      'announced by nobody we know',
      () => headOf(POST, { ...JSON_TYPE, 'content-length': String(100 * MB) }),
      Buffer.alloc(MB, ' '),
      401,
    ],
    ['in chunks', () => headOf(POST, { ...keyed, 'transfer-encoding': 'chunked' }), chunk, 413],
    ['in chunks by nobody we know', () => headOf(POST, { ...JSON_TYPE, 'transfer-encoding': 'chunked' }), chunk, 401],
    ['for no route', () => headOf('POST /nowhere', { ...keyed, 'transfer-encoding': 'chunked' }), chunk, 413],
  ])('is refused early and not read to its end: %s', async (_name, head, piece, status) => {
    const beforeMb = memoryMb();
    const { statuses, isClosed, writtenBytes } = await exchangeRaw(url, pourInto(head(), piece, 100), PATIENCE_MS);
    // A connection that is closed while it is written to may lose its answer on the way.
    expect([[], [status]]).toContainEqual(statuses);
    expect(isClosed).toBe(true);
    expect(writtenBytes).toBeLessThan(40 * MB);
    expect(memoryMb() - beforeMb).toBeLessThan(50);
  });

  it('is refused with the words that say so before it is sent', async () => {
    const head = headOf(POST, { ...keyed, 'content-length': String(100 * MB), expect: '100-continue' });
    const { statuses, text, isClosed } = await exchangeRaw(url, head, PATIENCE_MS);
    expect([statuses.at(-1), isClosed]).toEqual([413, true]);
    expect(text).toContain('the body is too large');
  });
});

it(
  'closes who is too slow, and serves the others meanwhile',
  async () => {
    const beforeMb = memoryMb();
    const slow = Promise.all([
      exchangeRaw(url, drip('GET /healthz HTTP/1.1\r\nhost: a\r\nx: ', 'a', 1_000), PATIENCE_MS),
      exchangeRaw(url, () => {}, PATIENCE_MS),
      exchangeRaw(url, drip(headOf(POST, { ...keyed, 'content-length': '500' }), ' ', 1_000), PATIENCE_MS),
      exchangeRaw(
        url,
        drip(headOf(POST, { ...keyed, 'transfer-encoding': 'chunked' }), '1\r\n \r\n', 1_000),
        PATIENCE_MS,
      ),
      exchangeRaw(url, headOf(POST, { ...keyed, 'content-length': '500' }), PATIENCE_MS),
    ]);
    let answered = 0;
    const answeredBefore = slow.then(() => answered);
    const idle: Socket[] = [];
    let taken = 0;
    const { hostname, port } = new URL(url);
    const isOpen = (socket: Socket) => !socket.destroyed && !socket.readableEnded;
    try {
      for (let opened = 0; opened < 5_000; opened++) {
        const socket = connect(Number(port), hostname);
        socket
          .on('error', () => {})
          .on('connect', () => {
            taken += 1;
          })
          .resume();
        idle.push(socket);
        // One more that is answered, and so are those before it taken: what the listening socket has no room for may stay half open.
        if (opened % 250 === 249) await exchangeRaw(url, headOf('GET /healthz', { connection: 'close' }), PATIENCE_MS);
      }
      await sendOrdinary(() => {
        answered += 1;
      });
      await eventually('all are taken', () => taken === idle.length);
      expect(memoryMb() - beforeMb).toBeLessThan(150);
      // Had they to wait for the slow ones, none would have been answered before those.
      expect(await answeredBefore).toBeGreaterThan(0);
      const [headers, silence, body, chunks, rest] = await slow;
      for (const { statuses, isClosed } of [headers, silence, body, chunks, rest])
        expect([statuses, isClosed]).toEqual([[408], true]);
      // Headers have 10 s, bodies 30 s.
      expect(Math.max(headers.ms, silence.ms)).toBeLessThan(Math.min(body.ms, chunks.ms, rest.ms));
      await eventually('the idle ones are closed', () => (idle.some(isOpen) ? undefined : true));
    } finally {
      for (const socket of idle) socket.destroy();
    }
  },
  2 * PATIENCE_MS,
);
