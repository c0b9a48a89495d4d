import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** Seals what we store. `context` (connection id and column) is bound to the value, so that a copied value does not open elsewhere. */
export interface SecretBox {
  /** Seals with the current key; without one the text stays as it is. */
  seal(plain: string, context: string): string;
  /** Opens what `seal` made; text that was never sealed is returned as it is, since other programs write plain rows. Throws a {@link SealError}. */
  open(stored: string, context: string): string;
  /** The same secret under the current key: only its data key is wrapped anew. Returns `stored` when nothing has to change. Throws a {@link SealError}. */
  renew(stored: string, context: string): string;
  /** Ids of the keys that this process has. */
  keys: { current: string | undefined; readable: readonly string[] };
}

/** The keys that wrap data keys, 32 bytes each: `current` seals and opens, `others` only open. */
export interface MasterKeys {
  current: Buffer | undefined;
  others?: readonly Buffer[] | undefined;
}

/** A sealed value that cannot be opened. The message names context and key id, never a value. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** `sealed:<form>:<key id>:…`; form 1 has no data key, form 2 has the wrapped data key before the secret. */
const SEALED = /^sealed:(\d+):([^:]*):([^:]*)(?::([^:]*))?$/;
const SEALED_HEAD = /^sealed:\d+:/;

/** Names a key without telling it: the first 8 hex digits of its SHA-256. */
export const keyIdOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 8);

/** True for what a box has sealed, in whatever form. */
export const isSealed = (stored: string): boolean => SEALED_HEAD.test(stored);

function encrypt(key: Buffer, plain: Buffer, boundTo: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(boundTo));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

/** Throws when a bit was changed, cut off, or bound to something else. */
function decrypt(key: Buffer, text: string, boundTo: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(boundTo))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
}

/** A wrapped key must not pass for a secret of the same row, nor the other way round. */
const wrapContext = (context: string): string => `${context}: data key`;

/** AES-256-GCM: a random data key seals each value, a master key seals the data key. Without keys values are stored as they are. */
export function createSecretBox({ current, others = [] }: MasterKeys): SecretBox {
  const all = [...(current ? [current] : []), ...others];
  const keys = new Map(all.map((key) => [keyIdOf(key), key]));
  const currentId = current && keyIdOf(current);

  function masterKey(keyId: string, context: string): Buffer {
    const key = keys.get(keyId);
    if (key) return key;
    const has = keys.size === 0 ? 'CREDENTIALS_KEY is not set' : 'this process does not have that key';
    throw new SealError(`${context} is sealed with key ${keyId}, and ${has}`);
  }

  /** The secret, and its data key where it has one of its own. */
  function unseal(stored: string, context: string) {
    const damaged = new SealError(`${context} cannot be opened: it was changed, or copied from another row or column`);
    const [, form, keyId, first, second] = SEALED.exec(stored) ?? [];
    if (form === undefined || keyId === undefined || first === undefined) throw damaged;
    if (form !== '1' && form !== '2') {
      throw new SealError(`${context} is sealed in form ${form}, which this version does not know`);
    }
    if (form === '1' && second !== undefined) throw damaged;
    const master = masterKey(keyId, context);
    try {
      if (form === '1') return { plain: decrypt(master, first, context).toString('utf8') };
      const dataKey = decrypt(master, first, wrapContext(context));
      return { plain: decrypt(dataKey, second ?? '', context).toString('utf8'), dataKey, body: second };
    } catch {
      throw damaged;
    }
  }

  const wrapped = (master: Buffer, dataKey: Buffer, body: string, context: string): string =>
    `sealed:2:${keyIdOf(master)}:${encrypt(master, dataKey, wrapContext(context))}:${body}`;

  function seal(plain: string, context: string): string {
    if (!current) return plain;
    const dataKey = randomBytes(KEY_BYTES);
    return wrapped(current, dataKey, encrypt(dataKey, Buffer.from(plain), context), context);
  }

  return {
    keys: { current: currentId, readable: [...keys.keys()] },
    seal,
    open: (stored, context) => (isSealed(stored) ? unseal(stored, context).plain : stored),
    renew(stored, context) {
      if (!current) throw new SealError('CREDENTIALS_KEY is not set: there is no key to seal with');
      if (!isSealed(stored)) return seal(stored, context);
      // Opened in any case: a value that is damaged has to be found while its key is still there.
      const { plain, dataKey, body } = unseal(stored, context);
      if (!dataKey || body === undefined) return seal(plain, context);
      return stored.startsWith(`sealed:2:${currentId}:`) ? stored : wrapped(current, dataKey, body, context);
    },
  };
}
