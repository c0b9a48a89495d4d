import { Command, CommanderError } from 'commander';
import type { Config } from '../config';
import type { Execute } from './command';
import { addConfirmCommand } from './commands/confirm';
import { addConnectionCommands } from './commands/connections';
import { addCredentialCommands } from './commands/credentials';
import { addKeyCommands } from './commands/keys';
import { addRedriveCommand } from './commands/redrive';
import { addRejectedCommand } from './commands/rejected';
import { addReplayCommand, type ReplayContext } from './commands/replay';
import { addResyncCommand } from './commands/resync';
import { addAnswerCommands } from './commands/retry';
import { addSetupCommand } from './commands/setup';
import { addSubmitCommand } from './commands/submit';
import { addWhyCommand } from './commands/why';
import { withContext, withTemporal } from './context';
import { sayFailure, UsageError } from './failures';
import type { Outcome } from './output';
import type { ProgressSink } from './progress';

const EXIT = { done: 0, failed: 1, wrongUsage: 2 } as const;

/** Where a command line comes from and where its words go. */
export interface CliIo {
  out(text: string): void;
  err(text: string): void;
  /** How wide the terminal is that `err` writes to; undefined when it is none. */
  errColumns(): number | undefined;
  stdin(): AsyncIterable<Uint8Array>;
  /** Whether a person sits there who can be asked. @default false */
  isInteractive?(): boolean;
  /** Throws a ConfigError when the environment does not fit. */
  loadConfig(): Config;
}

/** Runs one command line and returns the exit code: 0 done, 1 failed, 2 wrong usage. Never throws. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  // Asked for before anything is parsed, so that a command line that does not fit is answered in JSON as well.
  const wantsJson = args.includes('--json');
  let config: Config | undefined;
  let isFailed = false;

  const progress: ProgressSink = {
    write: (text) => {
      if (!wantsJson) io.err(text);
    },
    columns: () => io.errColumns(),
  };

  const ask = async (question: string): Promise<boolean> => {
    if (wantsJson || io.isInteractive?.() !== true) throw new UsageError('nobody can be asked here: add --yes');
    io.err(`${question} [y/N] `);
    let answer = '';
    for await (const chunk of io.stdin()) {
      answer += Buffer.from(chunk).toString('utf8');
      if (answer.includes('\n')) break;
    }
    return /^y(es)?$/i.test(answer.trim());
  };

  const readConfig = (): Config => {
    config = io.loadConfig();
    return config;
  };
  const print = (asJson: boolean, outcome: Outcome): void => {
    io.out(asJson ? `${JSON.stringify(outcome.json, null, 2)}\n` : outcome.lines.map((line) => `${line}\n`).join(''));
    isFailed = outcome.failed === true;
  };
  const execute: Execute = async (asJson, work) =>
    print(asJson, await withContext(readConfig(), { stdin: io.stdin, progress, ask }, work));
  // A history that was downloaded is replayed wherever the code is: nothing is configured there.
  const executeReplay: Execute<ReplayContext> = async (asJson, work) =>
    print(
      asJson,
      await work({ requireKeys: async () => undefined, withClient: (use) => withTemporal(readConfig(), use) }),
    );

  const tell = (
    message: string,
    faults: readonly string[] = [],
    data: Readonly<Record<string, unknown>> = {},
  ): void => {
    if (wantsJson) {
      const error = { message, ...(faults.length > 0 ? { faults } : {}), ...data };
      io.out(`${JSON.stringify({ error }, null, 2)}\n`);
    } else {
      io.err([`✗ ${message}`, ...faults.map((fault) => `  ${fault}`)].map((line) => `${line}\n`).join(''));
    }
  };

  try {
    await createProgram({ execute, executeReplay }, io, wantsJson).parseAsync([...args], { from: 'user' });
    return isFailed ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done;
      // A group without its command has printed its help already.
      if (error.code !== 'commander.help') tell(error.message.replace(/^error: /, '').replace('\n', ' '));
      else if (wantsJson) tell('which command? see --help');
      return EXIT.wrongUsage;
    }
    const { message, faults, data } = sayFailure(error, config);
    tell(message, faults, data);
    return error instanceof UsageError ? EXIT.wrongUsage : EXIT.failed;
  }
}

/** How each kind of command is run. */
interface Executors {
  execute: Execute;
  executeReplay: Execute<ReplayContext>;
}

function createProgram({ execute, executeReplay }: Executors, io: CliIo, wantsJson: boolean): Command {
  const program = new Command('stockbridge')
    .usage('<command> [options]   (npm run cli -- <command> [options])')
    .description('Operates Stockbridge by hand. Every command has --help and --json.')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      // Errors are told once, by the caller; only the help of a group without its command comes this way as well.
      writeErr: (text) => {
        if (!wantsJson) io.err(text);
      },
      outputError: () => undefined,
    });
  addSetupCommand(program, execute);
  addConnectionCommands(program, execute);
  addCredentialCommands(program, execute);
  addKeyCommands(program, execute);
  addSubmitCommand(program, execute);
  addResyncCommand(program, execute);
  addAnswerCommands(program, execute);
  addConfirmCommand(program, execute);
  addRedriveCommand(program, execute);
  addWhyCommand(program, execute);
  addRejectedCommand(program, execute);
  addReplayCommand(program, executeReplay);
  return program;
}
