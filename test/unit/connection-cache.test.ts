import type { Connection } from '../../src/contracts/connection';
import { connectionCacheKey, createConnectionCache } from '../../src/store/connection-cache';
import { sampleConnection } from '../connectors/samples';

/** A cache over a table of one row, which counts how often the row is read. */
function cacheOver(row: { current: Connection | undefined }) {
  const reads: number[] = [];
  const cache = createConnectionCache({
    async find(id) {
      reads.push(id);
      return row.current;
    },
  });
  return { cache, reads };
}

it('keeps a connection under the name that other programs know', () => {
  expect(connectionCacheKey({ id: 294, channel: 'ajio' })).toBe('AjioConnectionData_294');
  expect(connectionCacheKey({ id: 1, channel: 'eshopbox' })).toBe('EshopboxConnectionData_1');
});

it('reads a connection once', async () => {
  const { cache, reads } = cacheOver({ current: sampleConnection({}) });
  expect((await cache.get(294))?.id).toBe(294);
  expect((await cache.get(294))?.id).toBe(294);
  expect(reads).toEqual([294]);
});

it('reads it again for a token younger than the one it holds', async () => {
  const row = { current: sampleConnection({ tokenGeneration: 3, accessToken: 'old' }) };
  const { cache, reads } = cacheOver(row);
  await cache.get(294);
  row.current = sampleConnection({ tokenGeneration: 4, accessToken: 'new' });
  expect((await cache.get(294, 3))?.accessToken).toBe('old');
  expect((await cache.get(294, 4))?.accessToken).toBe('new');
  expect((await cache.get(294))?.accessToken).toBe('new');
  expect(reads).toHaveLength(2);
});

it('reads it again after it was told to forget it', async () => {
  const { cache, reads } = cacheOver({ current: sampleConnection({}) });
  await cache.get(294);
  cache.forget(294);
  cache.forget(7);
  await cache.get(294);
  expect(reads).toEqual([294, 294]);
});

it('does not remember that there was none', async () => {
  const row: { current: Connection | undefined } = { current: undefined };
  const { cache } = cacheOver(row);
  expect(await cache.get(294)).toBeUndefined();
  row.current = sampleConnection({});
  expect((await cache.get(294))?.id).toBe(294);
});
