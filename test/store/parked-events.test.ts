import { openTestStores, type TestStores } from './open-store';

let stores: TestStores;
beforeAll(async () => {
  stores = await openTestStores();
});
afterAll(() => stores.close());

const event = (identity: string) => ({
  accountSlug: 'spykar',
  kind: 'inventory' as const,
  identity,
  status: 'parked' as const,
  reason: 'connection_not_found',
  message: 'the account has no connection 7',
  body: { message_id: identity, list: ['日本'] },
});

it('keeps an event with its reason until it is redriven', async () => {
  const id = await stores.parked.park(event('one'));
  const [found] = await stores.parked.list({ status: 'parked', accountSlug: 'spykar', limit: 10 });
  expect(found).toMatchObject({ id, kind: 'inventory', reason: 'connection_not_found', status: 'parked' });
  expect(JSON.parse(found?.body ?? '')).toEqual({ message_id: 'one', list: ['日本'] });
  expect(await stores.parked.countParked()).toBe(1);
  await stores.parked.markRedriven(id);
  expect(await stores.parked.countParked()).toBe(0);
  expect(await stores.parked.list({ status: 'redriven', limit: 10 })).toHaveLength(1);
});

it('keeps the same event once, with its newest reason, and parks it anew after a redrive that failed', async () => {
  const id = await stores.parked.park(event('two'));
  await stores.parked.markRedriven(id);
  expect(await stores.parked.park({ ...event('two'), reason: 'connection_ambiguous', message: 'x'.repeat(900) })).toBe(
    id,
  );
  const found = await stores.parked.list({ status: 'parked', accountSlug: 'spykar', limit: 10 });
  expect(found).toMatchObject([{ id, reason: 'connection_ambiguous', message: 'x'.repeat(500) }]);
});

it('keeps accounts and kinds apart', async () => {
  const ids = [
    await stores.parked.park(event('three')),
    await stores.parked.park({ ...event('three'), accountSlug: 'raymond' }),
    await stores.parked.park({ ...event('three'), kind: 'order', status: 'ignored' }),
  ];
  expect(new Set(ids).size).toBe(3);
  expect(
    (await stores.parked.list({ status: 'parked', accountSlug: 'raymond', limit: 10 })).map((one) => one.id),
  ).toEqual([ids[1]]);
  expect((await stores.parked.list({ status: 'ignored', limit: 10 })).map((one) => one.id)).toEqual([ids[2]]);
});
