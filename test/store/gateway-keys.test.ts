import { openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

it('knows the holder of a key and stores no key', async () => {
  const { keyId, key } = await stores.keys.create({ accountSlug: 'spykar', name: 'wms', connectionId: 294 });
  expect(await stores.keys.verify(key)).toEqual({ keyId, accountSlug: 'spykar', connectionId: 294 });
  const rows = JSON.stringify(await stores.db.select('SELECT * FROM gateway_keys WHERE id = ?', [keyId]));
  expect(rows).not.toContain(key.slice(-43));
});

it('refuses what is wrong, unknown or malformed', async () => {
  const { key } = await stores.keys.create({ accountSlug: 'spykar', name: 'wms', connectionId: null });
  const other = await stores.keys.create({ accountSlug: 'raymond', name: 'wms', connectionId: null });
  const [prefix, id, secret] = [key.slice(0, 3), key.slice(3, 29), key.slice(30)];
  const wrong = [
    `${prefix}${id}_${'A'.repeat(43)}`,
    `${prefix}${id}_${other.key.slice(30)}`,
    `${prefix}${'0'.repeat(26)}_${secret}`,
    `${prefix}${id.toLowerCase()}_${secret}`,
    ` ${key}`,
    `${key} `,
    `${key}\n`,
    key.slice(0, -1),
    '',
    'sb_',
    "' OR 1=1 --",
    'x'.repeat(100_000),
  ];
  for (const text of wrong) expect(await stores.keys.verify(text)).toBeUndefined();
  expect(await stores.keys.verify(key)).toMatchObject({ accountSlug: 'spykar' });
});

it('refuses a key from the moment that it is revoked', async () => {
  const { keyId, key } = await stores.keys.create({ accountSlug: 'spykar', name: 'old', connectionId: null });
  expect(await stores.keys.revoke(keyId)).toBe(true);
  expect(await stores.keys.verify(key)).toBeUndefined();
  expect(await stores.keys.revoke(keyId)).toBe(false);
  expect(await stores.keys.revoke('nonsense')).toBe(false);
});

it('lists keys by account, without anything secret', async () => {
  const { keyId } = await stores.keys.create({ accountSlug: 'listed', name: 'wms', connectionId: null });
  expect(await stores.keys.list('listed')).toEqual([
    { keyId, accountSlug: 'listed', connectionId: null, name: 'wms', createdAt: expect.any(Date), revokedAt: null },
  ]);
  expect((await stores.keys.list()).length).toBeGreaterThan(1);
});
