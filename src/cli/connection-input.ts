import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Connector } from '../connectors/ports';
import { CliError, codeOf, UsageError } from './failures';

/** The three places that credentials can come from; standard input keeps them out of the shell's history. */
export const CREDENTIALS_OPTIONS = [
  ['--credentials <json>', "the channel's credentials as a JSON object"],
  ['--credentials-file <path>', 'the same, read from a file'],
  ['--credentials-stdin', 'the same, read from standard input'],
] as const;

/** The shape of {@link CREDENTIALS_OPTIONS}. */
export const credentialsOptions = {
  credentials: z.string().optional(),
  credentialsFile: z.string().optional(),
  credentialsStdin: z.boolean().optional(),
};

const credentialsGiven = z.object(credentialsOptions);
const jsonObject = z.record(z.string(), z.unknown());

function parseObject(text: string, option: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words quote the text, which may hold a password.
    throw new CliError(`${option}: is not JSON`);
  }
  const parsed = jsonObject.safeParse(value);
  if (!parsed.success) throw new CliError(`${option}: is not a JSON object`);
  return parsed.data;
}

/** The credentials of the command line as an object, undefined when none were given. */
export async function readCredentials(
  given: z.output<typeof credentialsGiven>,
  readStdin: () => Promise<string>,
): Promise<Record<string, unknown> | undefined> {
  const { credentials, credentialsFile, credentialsStdin } = given;
  const places = [credentials, credentialsFile, credentialsStdin].filter((place) => place !== undefined);
  if (places.length > 1) {
    throw new UsageError('--credentials, --credentials-file, --credentials-stdin: give one of them');
  }
  if (credentials !== undefined) return parseObject(credentials, '--credentials');
  if (credentialsStdin === true) return parseObject(await readStdin(), '--credentials-stdin');
  if (credentialsFile === undefined) return undefined;
  const content = await readFile(credentialsFile, 'utf8').catch((error: unknown) => {
    throw new CliError(`--credentials-file: ${credentialsFile}: ${codeOf(error) ?? 'it cannot be read'}`);
  });
  return parseObject(content, '--credentials-file');
}

/** The settings of the command line as an object; none means that every default stands. */
export const readSettings = (json: string | undefined): Record<string, unknown> =>
  json === undefined ? {} : parseObject(json, '--settings');

const objectSchema = z.object({ properties: z.record(z.string(), z.unknown()) });

/** Names of the fields that an object of this shape may have. */
export const fieldsOf = (schema: z.ZodType): string[] =>
  Object.keys(objectSchema.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })).properties);

const faultsOf = (schema: z.ZodType, value: Record<string, unknown>, root: string): string[] => {
  const issues = schema.safeParse(value).error?.issues ?? [];
  return issues.map((issue) => `${[root, ...issue.path.map(String)].join('.')}: ${issue.message}`);
};

/** Checks credentials and settings as the channel's connector reads them. Throws a {@link CliError} that names every field at fault, never a value. */
export function checkFields(
  connector: Pick<Connector, 'displayName' | 'credentials' | 'settings'>,
  given: { credentials?: Record<string, unknown> | undefined; settings?: Record<string, unknown> | undefined },
): void {
  const { credentials, settings } = given;
  const known = fieldsOf(connector.settings);
  const faults = [
    ...(credentials === undefined ? [] : faultsOf(connector.credentials, credentials, 'credentials')),
    ...(settings === undefined ? [] : faultsOf(connector.settings, settings, 'settings')),
    ...Object.keys(settings ?? {})
      .filter((field) => !known.includes(field))
      .map((field) => `settings.${field}: ${connector.displayName} has no such setting (${known.join(', ')})`),
  ];
  if (faults.length > 0) throw new CliError(`credentials or settings do not fit ${connector.displayName}`, faults);
}
