import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { WORKFLOW_BUNDLE_VARIABLE } from '../servers/workflow-code';
import type { Stand } from '../stand/stand';
import { eventually } from '../stand/waiting';

const ROOT = join(__dirname, '../..');

const logLine = z.looseObject({ msg: z.string() });

/** A program of the build, running as a process of its own. */
export interface Program {
  child: ChildProcess;
  /** The line of its log that begins with `message`, when it has come. */
  logged(message: string): Promise<z.output<typeof logLine>>;
  output(): string;
  /** Exit code and signal, when it has ended. */
  ended: Promise<unknown[]>;
}

/**
 * What makes a worker wait for the heartbeats of attempts as patiently as those of a stand, for tests that kill none and count calls: a
 * process that gets no time for three seconds would otherwise lose its attempts, and each is a call more.
 */
export const patient = (): Record<string, string> => ({
  NODE_OPTIONS: `--require ${join(__dirname, 'patient-worker.cjs')}`,
  [WORKFLOW_BUNDLE_VARIABLE]: process.env[WORKFLOW_BUNDLE_VARIABLE] ?? '',
});

/** Compiles what the programs run from; does nothing when that is up to date. */
export const buildPrograms = () => promisify(execFile)(process.execPath, [join(ROOT, 'scripts/build.mjs')]);

/** Starts a program of `dist` on the servers and twins of a stand, its environment with `changes`; the caller ends it. */
export function startProgram(
  path: string,
  stand: Stand,
  changes: Record<string, string> = {},
  args: readonly string[] = [],
): Program {
  const env = {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    MYSQL_URL: stand.mysqlUrl,
    TEMPORAL_ADDRESS: stand.temporalAddress,
    TEMPORAL_NAMESPACE: stand.namespace,
    GATEWAY_PORT: '0',
    DRAIN_SECONDS: '0',
    AJIO_BASE_URL: stand.ajio.url,
    ESHOPBOX_BASE_URL: `${stand.eshopbox.url}/{accountSlug}`,
    ESHOPBOX_AUTH_URL: `${stand.eshopbox.url}/auth`,
    INCREFF_BASE_URL: stand.increff.url,
    SHIPHERO_BASE_URL: stand.shiphero.url,
    PUBLIC_URL: stand.gatewayUrl,
    OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    OUTBOUND_ALLOW_PRIVATE: 'true',
    CREDENTIALS_KEY: Buffer.alloc(32, 7).toString('base64'),
    ...changes,
  };
  const child = spawn(process.execPath, [join(ROOT, 'dist', path), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const find = (message: string) =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => logLine.parse(JSON.parse(line)))
      .find((line) => line.msg.startsWith(message));
  return {
    child,
    output: () => output,
    ended: once(child, 'close'),
    logged: (message) =>
      eventually(`${path} says "${message}"`, () => {
        if (child.exitCode !== null) throw new Error(`${path} ended with ${child.exitCode}:\n${output}`);
        return find(message);
      }),
  };
}

/**
 * Tells a program to stop, as a process manager does, and waits for its end. On a machine that has too little time for it a worker may
 * say that it was not done within its limit; any other end than a good one is an error that shows what the program said.
 */
export async function stopProgram({ child, ended, output }: Program): Promise<void> {
  child.kill('SIGTERM');
  const end = await ended;
  if (output().includes('not everything ended within')) return;
  expect({ end, said: output().slice(-2_000) }).toEqual({ end: [0, null], said: expect.any(String) });
}
