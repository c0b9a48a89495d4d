import type { z } from 'zod';
import type { Connection } from '../contracts/connection';
import { ConnectorError } from './errors';

/** The connection's settings as the channel's schema reads them, none meaning the defaults. Throws `InputInvalid` naming every field at fault, never a value. */
export const settingsOf = <T>(schema: z.ZodType<T>, connection: Connection): T =>
  fitted(schema, connection.settings ?? {}, 'settings', connection);

/** The connection's credentials as the channel's schema reads them. Throws `InputInvalid` naming every field at fault, never a value; also when they, or the token, cannot be opened. */
export function credentialsOf<T>(schema: z.ZodType<T>, connection: Connection): T {
  const { id, channel, sealFault } = connection;
  if (sealFault === undefined) return fitted(schema, connection.credentials, 'inputFields', connection);
  throw new ConnectorError('InputInvalid', `${channel}, ${sealFault}`, { details: { connectionId: id, channel } });
}

function fitted<T>(schema: z.ZodType<T>, value: unknown, root: string, { id, channel }: Connection): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${[root, ...issue.path.map(String)].join('.')}: ${issue.message}`);
  throw new ConnectorError('InputInvalid', `${channel}, connection ${id}: ${faults.join('; ')}`, {
    details: { connectionId: id, channel },
  });
}
