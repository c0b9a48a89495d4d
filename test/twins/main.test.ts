import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { call } from './calls';

const MAIN = join(__dirname, '../../src/twins/main.ts');
const HOOK = join(__dirname, 'typescript-hook.cjs');
const ANY_PORTS = ['--ajio-port', '0', '--eshopbox-port', '0', '--increff-port', '0', '--shiphero-port', '0'];

interface Run {
  child: ChildProcess;
  out(): string;
  err(): string;
  ended: Promise<unknown[]>;
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, ['-r', HOOK, MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (text.out += data));
  child.stderr.on('data', (data: Buffer) => (text.err += data));
  return { child, out: () => text.out, err: () => text.err, ended: once(child, 'close') };
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  'starts every twin, prints its address, and ends cleanly on %s',
  async (signal) => {
    const { child, out, ended } = run(...ANY_PORTS, '--token-ttl-seconds', '7');
    while (out().split('\n').length < 5) await once(child.stdout ?? child, 'data');
    const urls = Object.fromEntries(
      out()
        .trim()
        .split('\n')
        .map((line) => line.split(' ')),
    );
    expect((await call('GET', `${urls.ajio}/__twin/health`)).json).toEqual({ name: 'ajio', ok: true });
    expect((await call('GET', `${urls.increff}/__twin/health`)).json).toEqual({ name: 'increff', ok: true });
    expect((await call('GET', `${urls.shiphero}/__twin/health`)).json).toEqual({ name: 'shiphero', ok: true });
    const body = {
      grant_type: 'refresh_token',
      client_id: 'demo-client',
      client_secret: 'demo-secret',
      refresh_token: 'demo-refresh',
    };
    const login = await call('POST', `${urls.eshopbox}/auth/api/v1/generateToken`, { body });
    expect(login.json).toMatchObject({ expires_in: 7 });
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  },
);

it('explains itself', async () => {
  const { out, ended } = run('--help');
  expect(await ended).toEqual([0, null]);
  for (const flag of [
    '--host',
    '--ajio-port',
    '--eshopbox-port',
    '--increff-port',
    '--shiphero-port',
    '--token-ttl-seconds',
    '--seed',
  ])
    expect(out()).toContain(flag);
});

it.each([
  [['--ajio-port', 'high'], /ajio-port/],
  [['--seed', 'x'], /seed/],
  [['--colour', 'red'], /colour/],
])('refuses %j and says which flag', async (args, message) => {
  const { err, ended } = run(...args);
  expect(await ended).toEqual([1, null]);
  expect(err()).toMatch(message);
});

it('leaves nothing running when a port is taken', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const address = blocker.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { err, ended } = run(...ANY_PORTS, '--increff-port', String(port));
  expect(await ended).toEqual([1, null]);
  expect(err()).toContain('EADDRINUSE');
  blocker.close();
});
