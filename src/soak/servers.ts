import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes';
import { startMysql } from '../local/mysql-server';
import type { Guardian, Program, RunningProgram } from '../local/supervisor';
import { findTemporal } from '../local/temporal-binary';
import { startPrivateTemporal } from '../local/temporal-server';
import type { Disturbance } from './check/recorded';
import { type KeptProgram, keepUp } from './kept-program';

/** MySQL and Temporal of a soak, which may be killed and come back with what they had stored. */
export interface Servers {
  mysqlUrl: string;
  temporalAddress: string;
  /** Empty where MySQL runs in Docker: there it is not killed. */
  mysql: readonly KeptProgram[];
  temporal: readonly KeptProgram[];
}

export interface ServersOptions {
  guardian: Guardian;
  /** Holds the data of both. */
  folder: string;
  cacheFolder: string;
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

/** Starts both servers, empty. Throws when the environment names a MySQL, which is not ours to kill. */
export async function startServers({ guardian, folder, cacheFolder, log, report }: ServersOptions): Promise<Servers> {
  const memory = remembering(guardian);
  const [mysql, temporal] = await Promise.all([
    startMysql({ folder: join(folder, 'mysql'), guardian: memory.guardian, log }),
    startPrivateTemporal({
      guardian: memory.guardian,
      findBinary: () => findTemporal({ cacheFolder, log }),
      namespaces: ['default'],
      searchAttributes: SEARCH_ATTRIBUTES.map(({ name }) => name),
      folder: join(folder, 'temporal'),
      withUi: false,
    }),
  ]);
  const kept = (name: string): KeptProgram[] => {
    const started = memory.last.get(name);
    return started ? [keepUp(guardian, again(started.program), started.running, report)] : [];
  };
  if (!mysql.embedded) throw new Error('MYSQL_URL is set: the soak needs a MySQL of its own, which it may kill');
  return { mysqlUrl: mysql.url, temporalAddress: temporal.address, mysql: kept('mysql'), temporal: kept('temporal') };
}
