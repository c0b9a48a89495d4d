import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { z } from 'zod';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes';
import { startMysql } from '../local/mysql-server';
import type { Guardian, Program, RunningProgram } from '../local/supervisor';
import { findTemporal } from '../local/temporal-binary';
import { startPrivateTemporal } from '../local/temporal-server';
import type { Disturbance } from './check/recorded';
import { type KeptProgram, keepUp } from './kept-program';

const LEAVE_MS = 10_000;

/** MySQL and Temporal of a soak, which may be killed and come back with what they had stored. */
export interface Servers {
  mysqlUrl: string;
  temporalAddress: string;
  /** Empty of runs; `setup` registers it where it is not there. */
  namespace: string;
  /** Empty where MySQL runs in Docker: there it is not killed. */
  mysql: readonly KeptProgram[];
  /** Empty where it is somebody else's. */
  temporal: readonly KeptProgram[];
  /** Takes back what was made at somebody else's Temporal, when the programs have ended. */
  leave(): Promise<void>;
}

export interface ServersOptions {
  guardian: Guardian;
  /** Holds the data of both. */
  folder: string;
  cacheFolder: string;
  /** A Temporal to use instead of one of its own. */
  temporalAddress?: string;
  log(line: string): void;
  report(disturbance: Disturbance): void;
}

interface Started {
  program: Program;
  running: RunningProgram;
}

/** Remembers how programs were started, so that they can be started once more in the very same way. */
function remembering(guardian: Guardian): { guardian: Guardian; last: Map<string, Started> } {
  const last = new Map<string, Started>();
  return {
    last,
    guardian: {
      ...guardian,
      async start(program) {
        const running = await guardian.start(program);
        last.set(program.name, { program, running });
        return running;
      },
    },
  };
}

/** The first start empties the database; one that follows must find what is there. */
const again = (program: Program): Program => ({
  ...program,
  args: program.args.filter((argument) => !argument.startsWith('--init-file=')),
});

/** A place in somebody else's Temporal; nothing of an earlier soak is there. */
function placeAt(address: string): Pick<Servers, 'temporalAddress' | 'namespace' | 'leave'> {
  const namespace = `soak-${randomBytes(6).toString('hex')}`;
  return {
    temporalAddress: address,
    namespace,
    async leave() {
      const connection = Connection.lazy({ address });
      // With every run and schedule in it.
      await connection
        .withDeadline(Date.now() + LEAVE_MS, () => connection.operatorService.deleteNamespace({ namespace }))
        .finally(() => connection.close());
    },
  };
}

/** Starts both servers, empty. Throws when the environment names a MySQL, which is not ours to kill. */
export async function startServers({
  guardian,
  folder,
  cacheFolder,
  temporalAddress,
  log,
  report,
}: ServersOptions): Promise<Servers> {
  const memory = remembering(guardian);
  const [mysql, temporal] = await Promise.all([
    startMysql({ folder: join(folder, 'mysql'), guardian: memory.guardian, log }),
    temporalAddress === undefined
      ? startPrivateTemporal({
          guardian: memory.guardian,
          findBinary: () => findTemporal({ cacheFolder, log }),
          namespaces: ['default'],
          searchAttributes: SEARCH_ATTRIBUTES.map(({ name }) => name),
          folder: join(folder, 'temporal'),
          withUi: false,
        })
      : undefined,
  ]);
  const kept = (name: string): KeptProgram[] => {
    const started = memory.last.get(name);
    return started ? [keepUp(guardian, again(started.program), started.running, report)] : [];
  };
  if (!mysql.embedded) throw new Error('MYSQL_URL is set: the soak needs a MySQL of its own, which it may kill');
  const place =
    temporal === undefined
      ? placeAt(z.string().parse(temporalAddress))
      : { temporalAddress: temporal.address, namespace: 'default', leave: async () => undefined };
  return { ...place, mysqlUrl: mysql.url, mysql: kept('mysql'), temporal: kept('temporal') };
}
