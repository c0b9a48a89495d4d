import type { Command } from 'commander';
import { z } from 'zod';
import type { CliContext } from './context';
import { UsageError } from './failures';
import type { Outcome } from './output';

/** One command: what it takes, and what it does with it. */
export interface CommandSpec<T, C = CliContext> {
  /** Name and arguments as commander reads them: `resync <connectionId>`. */
  usage: string;
  summary: string;
  /** A command line that works, without the program's name. */
  example: string;
  /** Flags with their description: `['--account <slug>', '…']`. */
  options?: readonly (readonly [flags: string, description: string])[];
  /** The shape of options and arguments together, by their names in camel case. */
  input: z.ZodType<T>;
  /** Runs without the keys of stored credentials, too. @default false */
  worksWithoutKeys?: boolean;
  run(input: T, context: C): Promise<Outcome>;
}

/** Runs a command's work with what it needs, and prints its outcome. */
export type Execute<C = CliContext> = (wantsJson: boolean, work: (context: C) => Promise<Outcome>) => Promise<void>;

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Adds a command to its group. A value that does not fit is a {@link UsageError} that names every option at fault. */
export function addCommand<T, C extends Pick<CliContext, 'requireKeys'> = CliContext>(
  group: Command,
  execute: Execute<C>,
  spec: CommandSpec<T, C>,
): void {
  const command = group
    .command(spec.usage)
    .description(spec.summary)
    .allowExcessArguments(false)
    .addHelpText('after', `\nExample:\n  npm run cli -- ${spec.example}`);
  for (const [flags, description] of spec.options ?? []) command.option(flags, description);
  command.option('--json', 'print one JSON document and nothing else');
  command.action(async () => {
    const { json, ...options } = z.looseObject({ json: z.boolean().optional() }).parse(command.opts());
    const names = command.registeredArguments.map((argument) => argument.name());
    const args = Object.fromEntries(names.map((name, index) => [name, command.processedArgs[index]]));
    const input = spec.input.safeParse({ ...options, ...args });
    if (!input.success) {
      const nameOf = (field: string) => (names.includes(field) ? `<${field}>` : `--${kebab(field)}`);
      const faults = input.error.issues.map((issue) => {
        const [field] = issue.path;
        return field === undefined ? issue.message : `${nameOf(String(field))}: ${issue.message}`;
      });
      throw new UsageError(faults.join('; '));
    }
    await execute(json === true, async (context) => {
      if (!spec.worksWithoutKeys) await context.requireKeys();
      return spec.run(input.data, context);
    });
  });
}

/** The id of a connection as an argument or option. */
export const connectionId = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'is not a connection id (a whole number)')
  .transform(Number);

const MAX_NAME_CHARS = 100;

/** A name that a column of our tables takes. */
export const name = z
  .string()
  .refine((text) => text.trim() !== '', 'is empty')
  .refine((text) => text.length <= MAX_NAME_CHARS, `is longer than ${MAX_NAME_CHARS} characters`);

/** An option that must be given. */
export const required = (text: z.ZodType<string, string>) => z.string('is required').pipe(text);
