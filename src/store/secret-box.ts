import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** Seals what we store. `context` (connection id and column) is bound to the value, so that a copied value does not open elsewhere. */
export interface SecretBox {
  seal(plain: string, context: string): string;
  /** Opens what `seal` made; text that was never sealed is returned as it is, since other programs write plain rows. */
  open(stored: string, context: string): string;
}

const PREFIX = 'sealed:1:';
const IV_BYTES = 12;
const TAG_BYTES = 16;

const keyIdOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 8);

/** AES-256-GCM with a 32-byte key; without a key values are stored as they are, and sealed ones refuse to open. */
export function createSecretBox(key: Buffer | undefined): SecretBox {
  const keyId = key && keyIdOf(key);
  return {
    seal(plain, context) {
      if (!key) return plain;
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${PREFIX}${keyId}:${sealed.toString('base64')}`;
    },
    open(stored, context) {
      if (!stored.startsWith(PREFIX)) return stored;
      const [storedKeyId, body] = stored.slice(PREFIX.length).split(':');
      if (!key) throw new Error(`${context} is encrypted and CREDENTIALS_KEY is not set`);
      if (storedKeyId !== keyId || !body) throw new Error(`${context} is encrypted with another CREDENTIALS_KEY`);
      const bytes = Buffer.from(body, 'base64');
      try {
        const iv = bytes.subarray(0, IV_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
          .setAAD(Buffer.from(context))
          .setAuthTag(bytes.subarray(-TAG_BYTES));
        return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        throw new Error(`${context} cannot be decrypted: it was changed, or copied from another row`);
      }
    },
  };
}
