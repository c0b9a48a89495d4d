import { createSecretBox } from '../../src/store/secret-box';

const KEY = Buffer.alloc(32, 1);
const box = createSecretBox(KEY);

it('gives back what it sealed, and shows none of it', () => {
  for (const plain of ['{"password":"s3cret"}', '', '日本 😀', 'x'.repeat(10_000)]) {
    const sealed = box.seal(plain, 'connection 1: inputFields');
    expect(sealed).toMatch(/^sealed:1:[0-9a-f]{8}:[A-Za-z0-9+/]+=*$/);
    expect(sealed).not.toContain('s3cret');
    expect(box.open(sealed, 'connection 1: inputFields')).toBe(plain);
  }
});

it('never seals the same text in the same way', () => {
  expect(box.seal('a', 'c')).not.toBe(box.seal('a', 'c'));
});

it('does not open what was copied to another row or column', () => {
  const sealed = box.seal('a', 'connection 1: accessToken');
  expect(() => box.open(sealed, 'connection 2: accessToken')).toThrow(/connection 2: accessToken cannot be decrypted/);
  expect(() => box.open(sealed, 'connection 1: inputFields')).toThrow(/cannot be decrypted/);
});

it('does not open what was changed', () => {
  const sealed = box.seal('secret text', 'c');
  const at = sealed.length - 6;
  const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
  expect(() => box.open(changed, 'c')).toThrow(/cannot be decrypted/);
  expect(() => box.open(`${sealed.slice(0, 17)}:AAAA`, 'c')).toThrow(/c cannot be decrypted/);
});

it('says which key is missing, and that there is none', () => {
  const sealed = box.seal('a', 'c');
  expect(() => createSecretBox(Buffer.alloc(32, 2)).open(sealed, 'c')).toThrow(/another CREDENTIALS_KEY/);
  expect(() => createSecretBox(undefined).open(sealed, 'c')).toThrow(/CREDENTIALS_KEY is not set/);
});

it('passes on what another program wrote plainly, with or without a key', () => {
  for (const plain of ['{"username":"a"}', '', 'a token', 'sealed'])
    for (const any of [box, createSecretBox(undefined)]) expect(any.open(plain, 'c')).toBe(plain);
  expect(createSecretBox(undefined).seal('a', 'c')).toBe('a');
});
