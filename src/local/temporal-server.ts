import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { freePort } from './ports';
import { type Guardian, lastLines } from './supervisor';

const HOST = '127.0.0.1';
const FRONTEND_PORT = 7233;
const UI_PORT = 8233;
const READY_TIMEOUT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 5_000;
const POLL_MS = 50;
const START_ATTEMPTS = 3;

/** A Temporal that answers. */
export interface TemporalServer {
  address: string;
  /** Empty for a Temporal that is not ours, or without a Web UI. */
  uiUrl: string;
  /** Resolves with how it ended, when it does; never for a server of yours. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

export interface TemporalOptions {
  guardian: Guardian;
  /** Path of the CLI; asked for only when a server has to be started. */
  findBinary(): Promise<string>;
  namespaces: readonly string[];
  /** Names of the search attributes, all of type Keyword, registered in every namespace. */
  searchAttributes: readonly string[];
  /** Folder of the database file; it is removed first. Without it the server keeps everything in memory. */
  folder?: string;
  /** Starts the Web UI, and prefers Temporal's usual ports. */
  withUi: boolean;
  /** The server's own settings, by their name: `limit.historyCount.suggestContinueAsNew`. */
  dynamicConfig?: Readonly<Record<string, number>>;
}

async function waitForTemporal(address: string, namespaces: readonly string[], ended: Promise<string>): Promise<void> {
  let reason: string | undefined;
  void ended.then((text) => {
    reason = text;
  });
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    let connection: Connection | undefined;
    try {
      connection = await Connection.connect({ address, connectTimeout: CONNECT_TIMEOUT_MS });
      for (const namespace of namespaces) await connection.workflowService.describeNamespace({ namespace });
      return;
    } catch (cause) {
      if (reason !== undefined) throw new Error(reason, { cause });
      if (Date.now() > deadlineMs) throw new Error('Temporal did not answer within two minutes.', { cause });
      await sleep(POLL_MS);
    } finally {
      await connection?.close();
    }
  }
}

/**
 * A queue is spread over four partitions by default. With the few pollers of one machine a task waits on one of them while a poll
 * waits on another, and what is forwarded between them is limited: runs stood still for 20 s when a worker was stopped.
 */
const ONE_PARTITION = { 'matching.numTaskqueueReadPartitions': 1, 'matching.numTaskqueueWritePartitions': 1 };

/**
 * A private Temporal development server with empty histories. Ready means that it answers for every namespace. Throws with the
 * last lines of its log when it does not start.
 */
export async function startPrivateTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const { guardian, namespaces, searchAttributes, folder, withUi, dynamicConfig = {} } = options;
  const binary = await options.findBinary();
  for (let attempt = 1; ; attempt += 1) {
    const usual = withUi && attempt === 1;
    const port = await freePort(usual ? FRONTEND_PORT : undefined);
    const uiPort = withUi ? await freePort(usual ? UI_PORT : undefined) : undefined;
    if (folder !== undefined) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    const running = await guardian.start({
      name: 'temporal',
      command: binary,
      args: [
        ...['server', 'start-dev', '--ip', HOST, '--port', String(port), '--log-level', 'warn'],
        ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
        ...(folder === undefined ? [] : ['--db-filename', join(folder, 'temporal.db')]),
        // The plain file mode waits for the disk at every step and is three times slower.
        ...(folder === undefined ? [] : ['journal_mode=WAL', 'synchronous=NORMAL']).flatMap((p) => [
          '--sqlite-pragma',
          p,
        ]),
        ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
        ...searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
        ...Object.entries({ ...ONE_PARTITION, ...dynamicConfig }).flatMap(([name, value]) => [
          '--dynamic-config-value',
          `${name}=${value}`,
        ]),
      ],
    });
    const ended = running.exited.then(
      ({ code, signal }) => `Temporal ended with ${signal ?? code}:\n${lastLines(running.logFile, 10)}`,
    );
    const address = `${HOST}:${port}`;
    try {
      await waitForTemporal(address, namespaces, ended);
      const uiUrl = uiPort === undefined ? '' : `http://${HOST}:${uiPort}`;
      return { address, uiUrl, ended, stop: () => running.stop() };
    } catch (error) {
      await running.stop();
      // Another program may have taken a port meanwhile.
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

/** A Temporal to work with: `TEMPORAL_ADDRESS` as it is, else a private one. */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const given = process.env.TEMPORAL_ADDRESS;
  return given
    ? { address: given, uiUrl: '', ended: new Promise(() => {}), stop: async () => {} }
    : startPrivateTemporal(options);
}
