import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** First executable file of these names in PATH, then in the folders given; undefined when there is none. */
export function findExecutable(names: readonly string[], folders: readonly string[] = []): string | undefined {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of names) {
    for (const folder of [...path, ...folders]) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        if (statSync(file).isFile()) return file;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/** Runs a short-lived command and returns what it printed; throws with the end of its words when it fails or takes too long. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; env?: NodeJS.ProcessEnv },
): Promise<string> {
  const { timeoutMs, env = process.env } = options;
  const running = execFileAsync(command, [...args], {
    env,
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_BYTES,
    encoding: 'utf8',
  });
  running.child.stdin?.end();
  const { stdout } = await running;
  return stdout;
}

/** Whether the machine is a Debian or Ubuntu on which this process may install packages. */
export const canInstallWithApt = (): boolean =>
  process.platform === 'linux' && process.getuid?.() === 0 && findExecutable(['apt-get']) !== undefined;

const APT_TIMEOUT_MS = 300_000;

/** Installs packages without a question and without removing another one; refreshes the package lists only when they are not enough. */
export async function aptInstall(packages: readonly string[]): Promise<void> {
  const options = { timeoutMs: APT_TIMEOUT_MS, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = ['install', '--yes', '--no-install-recommends', '--no-remove', ...packages];
  try {
    await runCommand('apt-get', install, options);
  } catch {
    await runCommand('apt-get', ['update'], options);
    await runCommand('apt-get', install, options);
  }
}
