import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/program';
import { type Config, loadConfig } from '../../src/config';

/** What one command line did. */
export interface CliRun {
  code: number;
  out: string;
  err: string;
}

/** Runs command lines against servers of the test; nothing of the test's own environment is read. A person answers from standard input. */
export function cliOn(environment: Record<string, string>, { isInteractive = false } = {}) {
  const config: Config = loadConfig(environment);
  return async (args: readonly string[], stdin = ''): Promise<CliRun> => {
    const run: CliRun = { code: -1, out: '', err: '' };
    run.code = await runCli(args, {
      out: (text) => {
        run.out += text;
      },
      err: (text) => {
        run.err += text;
      },
      errColumns: () => undefined,
      isInteractive: () => isInteractive,
      stdin: () => Readable.from([Buffer.from(stdin)]),
      loadConfig: () => config,
    });
    return run;
  };
}

/** The one JSON document that a command printed. */
export const jsonOf = (run: CliRun): unknown => JSON.parse(run.out);
