import { join } from 'node:path';
import { startMysql } from '../../src/local/mysql-server';
import { startGuardian } from '../../src/local/supervisor';
import { findTemporal } from '../../src/local/temporal-binary';
import { startPrivateTemporal } from '../../src/local/temporal-server';

/** What a stand does at its start, as a process that a test can kill: prints `up` when its servers answer, then waits. */
async function main(folder: string, parts: readonly string[]): Promise<void> {
  const guardian = await startGuardian({ runFolder: join(folder, 'run'), logFolder: join(folder, 'logs') });
  void guardian.lost.then(() => process.stdout.write('lost\n'));
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const cacheFolder = join(__dirname, '../../.stockbridge/cache');
  await Promise.all([
    parts.includes('mysql') && startMysql({ folder: join(folder, 'mysql'), guardian, log }),
    parts.includes('temporal') &&
      startPrivateTemporal({
        guardian,
        findBinary: () => findTemporal({ cacheFolder, log }),
        namespaces: ['default'],
        searchAttributes: [],
        folder: join(folder, 'temporal'),
        withUi: false,
      }),
    // Ignores SIGTERM: only a kill ends it.
    parts.includes('stubborn') &&
      guardian.start({
        name: 'stubborn',
        command: process.execPath,
        args: ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"],
        graceMs: 500,
        deathSignal: 'KILL',
      }),
  ]);
  process.once('SIGTERM', () => void guardian.end().then(() => process.exit(0)));
  process.stdout.write('up\n');
  setInterval(() => {}, 60_000);
}

const [folder = '', ...parts] = process.argv.slice(2);
void main(folder, parts).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
