import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { findExecutable, runCommand } from './commands';
import { accountStatements, type MysqlOptions, type MysqlServer, mysqlUrl, waitForMysql } from './mysql-access';
import { freePort } from './ports';
import { lastLines } from './supervisor';

const IMAGE = 'mysql:8.4';
const ENGINE_TIMEOUT_MS = 5_000;
const PULL_TIMEOUT_MS = 600_000;

const composeFile = (port: number): string => `services:
  mysql:
    image: ${IMAGE}
    command: ['--skip-log-bin', '--skip-name-resolve', '--character-set-server=utf8mb4', '--mysqlx=OFF']
    environment:
      MYSQL_ROOT_PASSWORD: \${STOCKBRIDGE_MYSQL_ROOT_PASSWORD}
    ports: ['127.0.0.1:${port}:3306']
    tmpfs: [/var/lib/mysql]
`;

/**
 * A throw-away MySQL in Docker; undefined when no engine answers. `docker compose up` in the foreground stops its container on
 * SIGTERM, so that the guardian ends it as it ends any other server.
 */
export async function startMysqlInDocker({ folder, guardian, log }: MysqlOptions): Promise<MysqlServer | undefined> {
  const docker = findExecutable(['docker'], ['/usr/local/bin', '/opt/homebrew/bin']);
  if (docker === undefined) return undefined;
  try {
    await runCommand(docker, ['info'], { timeoutMs: ENGINE_TIMEOUT_MS });
    await runCommand(docker, ['compose', 'version'], { timeoutMs: ENGINE_TIMEOUT_MS });
  } catch {
    return undefined;
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'compose.yml');
  const port = await freePort();
  const rootPassword = randomBytes(24).toString('base64url');
  const env = { ...process.env, STOCKBRIDGE_MYSQL_ROOT_PASSWORD: rootPassword };
  writeFileSync(file, composeFile(port), { mode: 0o600 });
  const project = `stockbridge-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
  const compose = ['compose', '-p', project, '-f', file];
  log(`MySQL is not installed: using the image ${IMAGE}`);
  await runCommand(docker, [...compose, 'pull', '--quiet'], { timeoutMs: PULL_TIMEOUT_MS, env });
  const running = await guardian.start({
    name: 'mysql',
    command: docker,
    args: [...compose, 'up', '--force-recreate'],
    env,
    graceMs: 20_000,
  });
  const ended = running.exited.then(() => `MySQL in Docker ended:\n${lastLines(running.logFile, 10)}`);
  const rootUrl = `mysql://root:${rootPassword}@127.0.0.1:${port}/mysql`;
  await waitForMysql(rootUrl, ended);
  const password = randomBytes(24).toString('base64url');
  const root = await createConnection({ uri: rootUrl });
  try {
    for (const statement of accountStatements(password, '%')) await root.query(statement);
  } finally {
    await root.end();
  }
  return {
    url: mysqlUrl(password, port),
    embedded: true,
    ended,
    stop: async () => {
      await running.stop();
      await runCommand(docker, [...compose, 'down', '--volumes'], { timeoutMs: PULL_TIMEOUT_MS, env });
    },
  };
}
