import { loadConfig } from '../config';
import { runCli } from './program';

async function main(): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), {
    out: (words) => process.stdout.write(words),
    err: (words) => process.stderr.write(words),
    errColumns: () => (process.stderr.isTTY ? process.stderr.columns : undefined),
    stdin: () => process.stdin,
    isInteractive: () => process.stdin.isTTY && process.stderr.isTTY,
    loadConfig: () => loadConfig(),
  });
}

void main();
