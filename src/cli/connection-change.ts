import { z } from 'zod';
import type { Connector } from '../connectors/ports';
import type { Connection } from '../contracts/connection';
import type { ConnectionChange } from '../store/connection-changes';
import { fieldsOf } from './connection-input';
import { CliError } from './failures';

/** What `connections add` takes as options of their own. */
const COLUMNS = {
  location: 'locationId',
  externalChannel: 'externalChannelId',
  externalWarehouse: 'externalWarehouseId',
} as const;

const SETTINGS_PREFIX = 'settings.';
const MAX_NAME_CHARS = 100;

/** Fields that are changed by another command, with its name. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  status: 'use `connections pause`, `resume` or `restore`',
  id: 'cannot be changed: add another connection',
  channel: 'cannot be changed: add another connection',
  account: 'cannot be changed: add another connection',
  accountSlug: 'cannot be changed: add another connection',
  accessToken: 'is a secret: use `connections restore` with new credentials',
  inputFields: 'is a secret: use `connections restore --credentials-stdin`',
  credentials: 'are secret: use `connections restore --credentials-stdin`',
};

/** One thing that is to be changed. */
export interface Change {
  /** As it was written, without the value. */
  key: string;
  column?: (typeof COLUMNS)[keyof typeof COLUMNS];
  setting?: string;
  /** Undefined takes the default, or nothing. */
  value: unknown;
}

const jsonSchema = z.object({ properties: z.record(z.string(), z.object({ type: z.string().optional() })) });

/** What is to be read as text even if it looks like a number. */
function textSettings({ settings }: Pick<Connector, 'settings'>): Set<string> {
  const schema = jsonSchema.parse(z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }));
  const isText = ([, { type }]: [string, { type?: string | undefined }]) => type === 'string';
  return new Set(
    Object.entries(schema.properties)
      .filter(isText)
      .map(([field]) => field),
  );
}

/** A value that is no text, as JSON; what is no JSON stays text, so that the connector's schema says what it should be. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const isColumn = (key: string): key is keyof typeof COLUMNS => Object.hasOwn(COLUMNS, key);

/**
 * Reads `key=value` and keys to be reset. Throws a {@link CliError} that names every key at fault and no value, since somebody may have
 * written a secret there. What is `stored` can be reset, also when the connector knows it no more.
 */
export function changesOf(
  given: readonly string[],
  reset: readonly string[],
  connector: Pick<Connector, 'displayName' | 'settings' | 'credentials'>,
  stored: Record<string, unknown> = {},
): Change[] {
  const texts = textSettings(connector);
  const known = fieldsOf(connector.settings);
  const secrets = fieldsOf(connector.credentials);
  const faults: string[] = [];

  function changeOf(key: string, text: string | undefined): Change | undefined {
    const fault = (words: string): undefined => void faults.push(`${key}: ${words}`);
    const setting = key.startsWith(SETTINGS_PREFIX) ? key.slice(SETTINGS_PREFIX.length) : key;
    if (isColumn(key)) {
      if (text === undefined) return { key, column: COLUMNS[key], value: null };
      if (text.trim() === '') return fault(`is empty: \`--reset ${key}\` takes it away`);
      if (text.length > MAX_NAME_CHARS) return fault(`is longer than ${MAX_NAME_CHARS} characters`);
      return { key, column: COLUMNS[key], value: text };
    }
    if (known.includes(setting)) {
      return { key, setting, value: text === undefined || texts.has(setting) ? text : parsed(text) };
    }
    if (text === undefined && Object.hasOwn(stored, setting)) return { key, setting, value: undefined };
    const name = key.replace(/^credentials\./, '');
    if (secrets.includes(name)) return fault('is a credential: use `connections restore <id> --credentials-stdin`');
    const elsewhere = Object.hasOwn(ELSEWHERE, key) ? ELSEWHERE[key] : undefined;
    return fault(
      elsewhere ?? `${connector.displayName} has no such setting (${[...Object.keys(COLUMNS), ...known].join(', ')})`,
    );
  }

  const pairs = given.map((pair, index): [string, string | undefined] | undefined => {
    const at = pair.indexOf('=');
    if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
    faults.push(`change ${index + 1}: is not key=value`);
    return undefined;
  });
  const all = [...pairs, ...reset.map((key): [string, undefined] => [key, undefined])].filter(
    (pair) => pair !== undefined,
  );
  const changes = all.map(([key, text]) => changeOf(key, text)).filter((change) => change !== undefined);
  const nameOf = ({ column, setting }: Change) => column ?? `settings.${setting}`;
  const names = changes.map(nameOf);
  const twice = changes.find((change, index) => names.indexOf(nameOf(change)) !== index);
  if (twice) faults.push(`${twice.key}: is given twice`);
  if (faults.length > 0) throw new CliError('nothing was changed', faults);
  return changes;
}

/** The settings as they are stored; none when they are no object. */
export const storedSettings = ({ settings }: Pick<Connection, 'settings'>): Record<string, unknown> =>
  z.record(z.string(), z.unknown()).safeParse(settings).data ?? {};

/** The connection's fields after the changes. Settings that are no object are given up for new ones. */
export function withChanges(
  connection: Connection,
  changes: readonly Change[],
): ConnectionChange & { settings: Record<string, unknown> } {
  const { externalChannelId, externalWarehouseId, locationId } = connection;
  const columns = { externalChannelId, externalWarehouseId, locationId };
  const settings = { ...storedSettings(connection) };
  for (const { column, setting, value } of changes) {
    if (column !== undefined) columns[column] = typeof value === 'string' ? value : null;
    else if (setting !== undefined && value === undefined) delete settings[setting];
    else if (setting !== undefined) settings[setting] = value;
  }
  return { ...columns, settings };
}
