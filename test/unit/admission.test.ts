import { once } from 'node:events';
import { connect } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { boundWork, type WorkLimits } from '../../src/starter/admission';
import { rememberHolder } from '../../src/starter/auth';
import { answerWithProblems } from '../../src/starter/problems';
import { eventually } from '../stand/waiting';

const KB = 1024;
const LIMITS: WorkLimits = {
  arriving: 20,
  all: { requests: 6, bodyBytes: 60 * KB },
  ofAccount: { requests: 4, bodyBytes: 40 * KB },
};

const open: FastifyInstance[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** A server whose work ends at `finish`; the account is a header, and the key of `late` is known at `knowAll`. */
async function serve() {
  const waiting: (() => void)[] = [];
  const lookedAt: (() => void)[] = [];
  const seen = { begun: 0, arrived: 0, known: 0, gone: 0 };
  const server = fastify({ bodyLimit: 30 * KB, forceCloseConnections: true });
  open.push(server);
  answerWithProblems(server);
  server.server.on('connection', (socket) => {
    socket.on('close', () => {
      seen.gone += 1;
    });
  });
  await server.register(async (bounded) => {
    boundWork(bounded, LIMITS);
    bounded.addHook('onRequest', async (request) => {
      const { account } = request.headers;
      if (typeof account === 'string')
        rememberHolder(request, { keyId: 'k', accountSlug: account, connectionId: null });
      seen.arrived += 1;
      await new Promise<void>((resolve) => (account === 'late' ? lookedAt.push(resolve) : setImmediate(resolve)));
      seen.known += 1;
    });
    bounded.post('/work', async () => {
      seen.begun += 1;
      await new Promise<void>((resolve) => waiting.push(resolve));
      return 'done';
    });
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const ask = async (account: string, text = '{}') => {
    const headers = { account, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/work`, { method: 'POST', headers, body: text });
    return { status: answer.status, retryAfter: answer.headers.get('retry-after') };
  };
  const finish = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const until = async (what: keyof typeof seen, count: number) => {
    await eventually(`${count} ${what}`, () => seen[what] >= count || undefined);
  };
  const knowAll = () => {
    for (const resolve of lookedAt.splice(0)) resolve();
  };
  return { url, ask, finish, knowAll, until, begunSoFar: (count: number) => until('begun', count), seen };
}

const json = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
const statuses = (answers: { status: number }[]) => answers.map(({ status }) => status).sort();

it('refuses at once what is too much for one account, and takes it when there is room again', async () => {
  const { ask, finish, begunSoFar } = await serve();
  const first = Promise.all([1, 2, 3, 4].map(() => ask('a')));
  await begunSoFar(4);
  expect(await ask('a')).toEqual({ status: 429, retryAfter: '1' });
  const other = ask('b');
  await begunSoFar(5);
  finish();
  expect(statuses([...(await first), await other])).toEqual([200, 200, 200, 200, 200]);
  const again = ask('a');
  await begunSoFar(6);
  finish();
  expect((await again).status).toBe(200);
});

it('refuses at once what is too much for all', async () => {
  const { ask, finish, begunSoFar } = await serve();
  const taken = Promise.all(['a', 'a', 'a', 'b', 'b', 'b'].map((account) => ask(account)));
  await begunSoFar(6);
  expect(await ask('c')).toEqual({ status: 503, retryAfter: '1' });
  finish();
  expect(statuses(await taken)).toEqual([200, 200, 200, 200, 200, 200]);
});

it('counts bodies before it reads them: those of an account, and of all', async () => {
  const { ask, finish, begunSoFar } = await serve();
  const taken = Promise.all([ask('a', json(20 * KB)), ask('a', json(15 * KB)), ask('b', json(20 * KB))]);
  await begunSoFar(3);
  expect((await ask('a', json(6 * KB))).status).toBe(429);
  expect((await ask('b', json(6 * KB))).status).toBe(503);
  expect((await ask('c', json(31 * KB))).status).toBe(413);
  finish();
  expect(statuses(await taken)).toEqual([200, 200, 200]);
  const again = ask('a', json(25 * KB));
  await begunSoFar(4);
  finish();
  expect((await again).status).toBe(200);
});

it('counts bodies of no announced size as they come', async () => {
  const { url, ask, finish, begunSoFar } = await serve();
  const taken = Promise.all([ask('a', json(20 * KB)), ask('a', json(15 * KB))]);
  await begunSoFar(2);
  const chunks = async function* () {
    for (let sent = 0; sent < 8; sent++) yield new TextEncoder().encode(' '.repeat(KB));
  };
  const headers = { account: 'a', 'content-type': 'application/json' };
  const answer = await fetch(`${url}/work`, { method: 'POST', headers, body: chunks(), duplex: 'half' });
  expect(answer.status).toBe(429);
  finish();
  await taken;
  const again = Promise.all([1, 2, 3, 4].map(() => ask('a', json(10 * KB))));
  await begunSoFar(6);
  finish();
  expect(statuses(await again)).toEqual([200, 200, 200, 200]);
});

it('forgets callers that leave while they send, and keeps counting the work of those that leave later', async () => {
  const { url, ask, finish, until, begunSoFar, seen } = await serve();
  const { hostname, port } = new URL(url);
  const leave = async (body: string, isBegun: boolean) => {
    const socket = connect(Number(port), hostname);
    const before = { ...seen };
    socket.write(`POST /work HTTP/1.1\r\nhost: a\r\naccount: a\r\ncontent-type: application/json\r\n${body}`);
    await once(socket, 'connect');
    await until(isBegun ? 'begun' : 'known', before[isBegun ? 'begun' : 'known'] + 1);
    socket.destroy();
    await until('gone', before.gone + 1);
  };
  for (let round = 0; round < 5; round++) {
    await leave('content-length: 20000\r\n\r\n{', false);
    await leave('transfer-encoding: chunked\r\n\r\n1\r\n{\r\n', false);
  }
  expect(seen.begun).toBe(0);
  for (let round = 0; round < 4; round++) await leave('content-length: 2\r\n\r\n{}', true);
  expect((await ask('a')).status).toBe(429);
  finish();
  const taken = async () => {
    // What was finished makes room a moment later.
    for (;;) {
      const answer = await ask('a', json(10 * KB));
      if (answer.status !== 429) return answer;
    }
  };
  const again = Promise.all([1, 2, 3, 4].map(taken));
  await begunSoFar(8);
  finish();
  expect(statuses(await again)).toEqual([200, 200, 200, 200]);
});

it('does not begin the work of a caller who left while the key was looked at', async () => {
  const { url, ask, finish, knowAll, until, begunSoFar, seen } = await serve();
  const { hostname, port } = new URL(url);
  for (let round = 0; round < 5; round++) {
    const socket = connect(Number(port), hostname);
    socket.write('POST /work HTTP/1.1\r\nhost: a\r\naccount: late\r\ncontent-type: application/json\r\n');
    socket.write('content-length: 2\r\n\r\n');
    await until('arrived', round + 1);
    socket.destroy();
  }
  await until('gone', 5);
  knowAll();
  await until('known', 5);
  const again = Promise.all([1, 2, 3, 4].map(() => ask('late')));
  await until('arrived', 9);
  knowAll();
  await begunSoFar(4);
  // Work of those who left would have begun before.
  expect(seen.begun).toBe(4);
  finish();
  expect(statuses(await again)).toEqual([200, 200, 200, 200]);
});
