import { createCipheriv } from 'node:crypto';
import { createSecretBox, keyIdOf, SealError } from '../../src/store/secret-box';

const KEY = Buffer.alloc(32, 1);
const OTHER = Buffer.alloc(32, 2);
const CONTEXT = 'connection 1: inputFields';
const box = createSecretBox({ current: KEY });
const closed = createSecretBox({ current: undefined });

/** A value as the first version of this program stored it: sealed by the master key itself. */
function oldForm(plain: string, context: string, key = KEY): string {
  const iv = Buffer.alloc(12, 9);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  const bytes = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `sealed:1:${keyIdOf(key)}:${bytes.toString('base64')}`;
}

/** Form, key id, wrapped data key, secret. */
const partsOf = (sealed: string) => {
  const [, form, keyId = '', wrapped = '', body = ''] = sealed.split(':');
  return { form, keyId, wrapped, body };
};

it('gives back what it sealed, and shows none of it', () => {
  for (const plain of ['{"password":"s3cret"}', '', '日本 😀', 'x'.repeat(10_000)]) {
    const sealed = box.seal(plain, CONTEXT);
    expect(sealed).toMatch(/^sealed:2:[0-9a-f]{8}:[A-Za-z0-9+/]+=*:[A-Za-z0-9+/]+=*$/);
    expect(partsOf(sealed).keyId).toBe(keyIdOf(KEY));
    expect(sealed).not.toContain('s3cret');
    expect(box.open(sealed, CONTEXT)).toBe(plain);
  }
});

it('gives each value a data key of its own', () => {
  const [first, second] = [partsOf(box.seal('a', CONTEXT)), partsOf(box.seal('a', CONTEXT))];
  expect(first.wrapped).not.toBe(second.wrapped);
  expect(first.body).not.toBe(second.body);
  const mixed = `sealed:2:${first.keyId}:${first.wrapped}:${second.body}`;
  expect(() => box.open(mixed, CONTEXT)).toThrow(/cannot be opened/);
});

it('does not open what was copied to another row or column', () => {
  for (const sealed of [box.seal('a', 'connection 1: accessToken'), oldForm('a', 'connection 1: accessToken')]) {
    expect(box.open(sealed, 'connection 1: accessToken')).toBe('a');
    for (const elsewhere of ['connection 2: accessToken', 'connection 1: inputFields', 'connection 11: accessToken']) {
      expect(() => box.open(sealed, elsewhere)).toThrow(`${elsewhere} cannot be opened: it was changed, or copied`);
    }
  }
});

it('does not take a wrapped data key for a secret of the same row', () => {
  const { keyId, wrapped } = partsOf(box.seal('a', CONTEXT));
  expect(() => box.open(`sealed:1:${keyId}:${wrapped}`, CONTEXT)).toThrow(/cannot be opened/);
});

it('does not open what was changed, wherever it was changed', () => {
  const sealed = box.seal('secret text', CONTEXT);
  const head = `sealed:2:${keyIdOf(KEY)}:`.length;
  for (let at = head; at < sealed.length; at++) {
    const [char] = sealed.slice(at);
    // The last digits of base64 may hold bits that mean nothing.
    if (char === ':' || char === '=' || /^(=|:|$)/.test(sealed.slice(at + 1))) continue;
    const changed = `${sealed.slice(0, at)}${char === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
    expect(() => box.open(changed, CONTEXT)).toThrow(SealError);
  }
});

it('does not open what was cut off, at any length', () => {
  for (const sealed of [box.seal('secret text', CONTEXT), oldForm('secret text', CONTEXT)]) {
    for (let length = 'sealed:2:'.length; length < sealed.length - 4; length++) {
      expect(() => box.open(sealed.slice(0, length), CONTEXT)).toThrow(SealError);
    }
    expect(() => box.open(`${sealed}:more`, CONTEXT)).toThrow(SealError);
  }
});

it('says which key is missing, or that there is none, and nothing of the value', () => {
  const sealed = box.seal('s3cret', CONTEXT);
  expect(() => createSecretBox({ current: OTHER }).open(sealed, CONTEXT)).toThrow(
    `${CONTEXT} is sealed with key ${keyIdOf(KEY)}, and this process does not have that key`,
  );
  expect(() => closed.open(sealed, CONTEXT)).toThrow(
    `${CONTEXT} is sealed with key ${keyIdOf(KEY)}, and CREDENTIALS_KEY is not set`,
  );
});

it('says that it does not know a form that comes later', () => {
  expect(() => box.open(`sealed:3:${keyIdOf(KEY)}:AAAA:AAAA`, CONTEXT)).toThrow(/form 3, which this version/);
});

it('passes on what another program wrote plainly, with or without a key', () => {
  for (const plain of ['{"username":"a"}', '', 'a token', 'sealed', 'sealed:letters'])
    for (const any of [box, closed]) expect(any.open(plain, 'c')).toBe(plain);
  expect(closed.seal('a', 'c')).toBe('a');
});

it('opens what the first version stored', () => {
  expect(box.open(oldForm('{"username":"日本"}', CONTEXT), CONTEXT)).toBe('{"username":"日本"}');
});

describe('with a new key beside the old one', () => {
  const both = createSecretBox({ current: OTHER, others: [KEY] });
  const onlyNew = createSecretBox({ current: OTHER });

  it('opens both and seals with the new one', () => {
    expect(both.open(box.seal('old', CONTEXT), CONTEXT)).toBe('old');
    expect(onlyNew.open(both.seal('new', CONTEXT), CONTEXT)).toBe('new');
    expect(both.keys).toEqual({ current: keyIdOf(OTHER), readable: [keyIdOf(OTHER), keyIdOf(KEY)] });
  });

  it('renews a value by wrapping its data key anew, and leaves the secret itself as it is', () => {
    const sealed = box.seal('secret', CONTEXT);
    const renewed = both.renew(sealed, CONTEXT);
    expect(partsOf(renewed)).toMatchObject({ form: '2', keyId: keyIdOf(OTHER), body: partsOf(sealed).body });
    expect(onlyNew.open(renewed, CONTEXT)).toBe('secret');
    expect(() => box.open(renewed, CONTEXT)).toThrow(SealError);
    expect(both.renew(renewed, CONTEXT)).toBe(renewed);
  });

  it('renews values of the first version, and plain ones', () => {
    for (const stored of [oldForm('secret', CONTEXT), oldForm('secret', CONTEXT, OTHER), 'secret']) {
      const renewed = both.renew(stored, CONTEXT);
      expect(partsOf(renewed)).toMatchObject({ form: '2', keyId: keyIdOf(OTHER) });
      expect(onlyNew.open(renewed, CONTEXT)).toBe('secret');
    }
  });

  it('renews nothing that is damaged, from elsewhere, or of a key that it does not have', () => {
    const sealed = box.seal('secret', CONTEXT);
    expect(() => both.renew(sealed, 'connection 2: inputFields')).toThrow(/copied/);
    expect(() => both.renew(`${sealed.slice(0, -8)}AAAAAAA=`, CONTEXT)).toThrow(/cannot be opened/);
    expect(() => onlyNew.renew(sealed, CONTEXT)).toThrow(/does not have that key/);
    expect(() => closed.renew(sealed, CONTEXT)).toThrow(/CREDENTIALS_KEY is not set/);
  });
});
