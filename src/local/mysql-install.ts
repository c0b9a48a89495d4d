import { dirname, join } from 'node:path';
import { aptInstall, canInstallWithApt, findExecutable, runCommand } from './commands';

/** Where packages put servers that are not on the PATH of ordinary users. */
const SERVER_FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/libexec',
  '/usr/local/mysql/bin',
  ...['/opt/homebrew', '/usr/local', '/home/linuxbrew/.linuxbrew'].flatMap((brew) =>
    ['mariadb', 'mysql', 'mysql@8.4', 'mysql@8.0'].map((formula) => `${brew}/opt/${formula}/bin`),
  ),
];
const VERSION_TIMEOUT_MS = 10_000;
const APT_SEARCH_TIMEOUT_MS = 60_000;

/** A MySQL server on this machine: MariaDB with the program that makes its first tables, or Oracle's, which makes them itself. */
export type MysqlBinary =
  | { flavour: 'mariadb'; server: string; installDb: string }
  | { flavour: 'mysql'; server: string };

/** The installed server; undefined when there is none that can be used. */
export async function findMysql(): Promise<MysqlBinary | undefined> {
  const server = findExecutable(['mariadbd', 'mysqld'], SERVER_FOLDERS);
  if (server === undefined) return undefined;
  const version = await runCommand(server, ['--no-defaults', '--version'], { timeoutMs: VERSION_TIMEOUT_MS });
  if (!/mariadb/i.test(version)) return { flavour: 'mysql', server };
  const besides = ['../bin', '.', '../scripts'].map((folder) => join(dirname(server), folder));
  const installDb = findExecutable(['mariadb-install-db', 'mysql_install_db'], [...besides, '/usr/bin']);
  return installDb === undefined ? undefined : { flavour: 'mariadb', server, installDb };
}

/**
 * Installs the server's programs where that needs no question (root on Debian or Ubuntu); undefined elsewhere. The core package
 * has the programs and no service, so that the machine gets no second server that runs by itself.
 */
export async function installMysql(): Promise<MysqlBinary | undefined> {
  if (!canInstallWithApt()) return undefined;
  try {
    await aptInstall(['mariadb-server-core', 'mariadb-client-core']);
  } catch {
    // Older releases have the version in the names.
    const listed = await runCommand('apt-cache', ['search', '--names-only', '^mariadb-server-core-'], {
      timeoutMs: APT_SEARCH_TIMEOUT_MS,
    });
    const versioned = /^mariadb-server-core-(\S+)/m.exec(listed)?.[1];
    if (versioned === undefined) return undefined;
    await aptInstall([`mariadb-server-core-${versioned}`, `mariadb-client-core-${versioned}`]);
  }
  return findMysql();
}
