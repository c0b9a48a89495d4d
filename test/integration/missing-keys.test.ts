import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { keyIdOf } from '../../src/store/secret-box';
import { type Stand, startStand } from '../stand/stand';
import { eventually } from '../stand/waiting';
import { buildPrograms, type Program, startProgram } from './programs';

const KEY = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);
let stand: Stand;
const programs: Program[] = [];

const start = (path: string, changes: Record<string, string>): Program => {
  const program = startProgram(path, stand, changes);
  programs.push(program);
  return program;
};
const keys = (current: Buffer | undefined, ...readable: Buffer[]) => ({
  CREDENTIALS_KEY: current?.toString('base64') ?? '',
  CREDENTIALS_READ_KEYS: readable.map((key) => key.toString('base64')).join(','),
});

beforeAll(async () => {
  await buildPrograms();
  stand = await startStand({ worker: false });
});
afterAll(async () => {
  for (const { child, ended } of programs) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  }
  await stand.stop();
});

describe.each(['starter/main.js', 'worker.js'])('%s', (path) => {
  it.each([
    ['no key', keys(undefined), 'CREDENTIALS_KEY is not set'],
    ['another key', keys(OTHER), `the keys given are ${keyIdOf(OTHER)}`],
  ])('does not start with %s, and says so in one sentence', async (_what, changes, why) => {
    const program = start(path, changes);
    expect(await program.ended).toEqual([1, null]);
    expect(program.output()).toBe(
      `Stored credentials cannot be opened: connection 294 with key ${keyIdOf(KEY)} is sealed, and ${why}. ` +
        'Give the missing key as CREDENTIALS_KEY or in CREDENTIALS_READ_KEYS, or new credentials with `cli connections restore <id>`.\n',
    );
  });

  it('starts with the key among those that only open', async () => {
    const program = start(path, keys(OTHER, KEY));
    await program.logged(path === 'worker.js' ? 'worker runs' : 'gateway listens');
    expect(program.child.exitCode).toBeNull();
  });

  it('starts while MySQL is away, and ends when MySQL comes and the key is missing', async () => {
    const { server, come, url } = await absentMysql();
    try {
      const program = start(path, { ...keys(OTHER), MYSQL_URL: url });
      await program.logged(path === 'worker.js' ? 'worker runs' : 'gateway listens');
      expect(program.child.exitCode).toBeNull();
      come();
      await eventually('the end', () => program.child.exitCode ?? undefined);
      expect(await program.ended).toEqual([1, null]);
      expect(program.output()).toContain('Stored credentials cannot be opened: connection 294');
    } finally {
      server.close();
    }
  });
});

/** The address of a MySQL that is not there until `come` is called. */
async function absentMysql(): Promise<{ server: Server; url: string; come(): void }> {
  const url = new URL(stand.mysqlUrl);
  const target = { host: url.hostname, port: Number(url.port) };
  let isThere = false;
  const server = createServer((client: Socket) => {
    // The port stays taken: somebody else might get it meanwhile.
    if (!isThere) return client.destroy();
    const upstream = connect(target);
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  url.host = `127.0.0.1:${port}`;
  return {
    server,
    url: url.href,
    come: () => {
      isThere = true;
    },
  };
}
