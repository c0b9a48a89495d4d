import type { Connection } from '../contracts/connection';
import { SealError, type SecretBox } from './secret-box';

/** The columns of a connection that hold secrets. */
export const SECRET_COLUMNS = ['inputFields', 'accessToken'] as const;

export type SecretColumn = (typeof SECRET_COLUMNS)[number];

/** What the seal of a column is bound to. */
export const contextOf = (id: number, column: SecretColumn): string => `connection ${id}: ${column}`;

/** Text that is no JSON stays text: the connector then says which column does not fit, and the account's other rows still read. */
export function jsonOrText(text: string | null): unknown {
  if (text === null || text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The secrets of a row; without them, and with the reason, where one cannot be opened, so that one row hides no others. */
export function openSecrets(
  box: SecretBox,
  { id, ...row }: Record<SecretColumn, string | null> & { id: number },
): Pick<Connection, 'credentials' | 'accessToken' | 'sealFault'> {
  const open = (column: SecretColumn): string | null => {
    const stored = row[column];
    return stored === null ? null : box.open(stored, contextOf(id, column));
  };
  try {
    return { credentials: jsonOrText(open('inputFields')), accessToken: open('accessToken') };
  } catch (error) {
    if (error instanceof SealError) return { credentials: {}, accessToken: null, sealFault: error.message };
    throw error;
  }
}

/** Whether a column's value can be opened; an empty one can. */
export function canOpen(box: SecretBox, id: number, column: SecretColumn, stored: string | null): boolean {
  try {
    if (stored !== null) box.open(stored, contextOf(id, column));
    return true;
  } catch (error) {
    if (error instanceof SealError) return false;
    throw error;
  }
}
