import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, relative } from 'node:path';
import { accountStatements, type MysqlOptions, type MysqlServer, mysqlUrl, waitForMysql } from './mysql-access';
import { startMysqlInDocker } from './mysql-docker';
import { findMysql, installMysql, type MysqlBinary } from './mysql-install';
import { freePort } from './ports';
import { type Guardian, lastLines, type RunningProgram, runProgram } from './supervisor';

const START_ATTEMPTS = 3;
const BUFFER_POOL = '256M';

function secret(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const made = randomBytes(24).toString('base64url');
  writeFileSync(file, made, { mode: 0o600 });
  return made;
}

const asRoot = (): string[] => (process.getuid?.() === 0 ? ['--user=root'] : []);

/**
 * Where the server keeps temporary tables. Its own: one that starts deletes what it takes for leftovers, those of another
 * server in the same folder included.
 */
function scratchOf(dataFolder: string): string {
  const scratch = `${dataFolder}.tmp`;
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  return scratch;
}

async function initialise(binary: MysqlBinary, dataFolder: string, guardian: Guardian): Promise<void> {
  // Made aside and renamed: an interrupted set-up must not look like a finished one.
  const fresh = `${dataFolder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const shared = ['--no-defaults', `--datadir=${fresh}`, `--tmpdir=${scratchOf(dataFolder)}`, ...asRoot()];
  const program =
    binary.flavour === 'mysql'
      ? { command: binary.server, args: [...shared, '--initialize-insecure'] }
      : {
          command: binary.installDb,
          args: [...shared, '--auth-root-authentication-method=socket', '--skip-test-db', '--skip-name-resolve'],
        };
  await runProgram(guardian, { name: 'mysql-init', ...program });
  renameSync(fresh, dataFolder);
}

function serverArgs(dataFolder: string, runFolder: string, port: number, initFile: string): string[] {
  return [
    '--no-defaults',
    `--datadir=${dataFolder}`,
    `--tmpdir=${scratchOf(dataFolder)}`,
    ...asRoot(),
    `--init-file=${initFile}`,
    // Relative, to the data folder: an absolute path may be longer than a socket's name can be.
    `--socket=${join(relative(dataFolder, runFolder), 'mysql.sock')}`,
    '--pid-file=mysql.pid',
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--skip-name-resolve',
    '--skip-log-bin',
    '--character-set-server=utf8mb4',
    `--innodb-buffer-pool-size=${BUFFER_POOL}`,
    '--innodb-flush-log-at-trx-commit=1',
    '--max-connections=400',
    // Only one of the two families knows each of these, or has it on.
    '--loose-mysqlx=OFF',
    '--loose-performance-schema=OFF',
  ];
}

async function startPrivate(binary: MysqlBinary, { folder, guardian }: MysqlOptions): Promise<MysqlServer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const dataFolder = join(folder, 'data');
  const password = secret(join(folder, 'password'));
  if (!existsSync(dataFolder)) await initialise(binary, dataFolder, guardian);
  const initFile = join(folder, 'init.sql');
  const rootPassword = randomBytes(24).toString('base64url');
  const statements = [
    // Nobody needs root again, and nobody gets in without a password.
    `ALTER USER 'root'@'localhost' IDENTIFIED BY '${rootPassword}'`,
    ...accountStatements(password, '127.0.0.1'),
  ];
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    writeFileSync(initFile, statements.map((statement) => `${statement};\n`).join(''), { mode: 0o600 });
    const running = await guardian.start({
      name: 'mysql',
      command: binary.server,
      args: serverArgs(dataFolder, guardian.runFolder, port, initFile),
      graceMs: 10_000,
    });
    const url = mysqlUrl(password, port);
    const ended = endOf(running);
    try {
      await waitForMysql(url, ended);
      return { url, embedded: true, ended, stop: () => running.stop() };
    } catch (error) {
      await running.stop();
      // Another program may have taken the port meanwhile; a data folder of another version can only be made again.
      if (attempt === START_ATTEMPTS) throw error;
      rmSync(dataFolder, { recursive: true, force: true });
      await initialise(binary, dataFolder, guardian);
    } finally {
      rmSync(initFile, { force: true });
    }
  }
}

const endOf = async (running: RunningProgram): Promise<string> => {
  const { code, signal } = await running.exited;
  return `MySQL ended with ${signal ?? code}:\n${lastLines(running.logFile, 10)}`;
};

/**
 * A MySQL to work with: `MYSQL_URL` as it is, else a private server of the programs on this machine, which are installed where
 * that needs no question, else one in Docker. Throws one line that says what to install when nothing of that works.
 */
export async function startMysql(options: MysqlOptions): Promise<MysqlServer> {
  const given = process.env.MYSQL_URL;
  if (given) return { url: given, embedded: false, ended: new Promise(() => {}), stop: async () => {} };
  let binary = await findMysql();
  if (!binary) {
    options.log('MySQL is not installed: trying apt-get install mariadb-server-core');
    binary = await installMysql().catch(() => undefined);
  }
  if (binary) return startPrivate(binary, options);
  const inDocker = await startMysqlInDocker(options);
  if (inDocker) return inDocker;
  throw new Error(
    `No MySQL for user ${userInfo().username}: install mariadb-server (or start Docker), or set MYSQL_URL.`,
  );
}
