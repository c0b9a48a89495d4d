import { STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { leave } from '../store/lanes';
import { createAsker, deliver, HEX } from './graphql-client';

let stand: Stand;
let asker: ReturnType<typeof createAsker>;
beforeAll(async () => {
  stand = await startStand({ worker: false });
  asker = createAsker(stand, stand.keys.spykar);
});
afterAll(() => stand.stop());
// Each test starts with nothing left to send.
afterEach(() => deliver(stand, { calls: 100 }));

describe('an abort', () => {
  it('half way takes back what was not sent, leaves what went out, and tells them apart', async () => {
    const id = await asker.begin();
    await asker.store(id, [null, ...Array.from({ length: 60 }, (_, index) => index + 1)]);
    await deliver(stand);
    const onItsWay = await leave(stand.stores.pushes, { connectionId: STOCK_CONNECTION });
    if (!onItsWay) throw new Error('nothing is due');
    const { data } = await asker.abort(id);
    expect(data.inventory_sync_abort).toMatchObject({
      sync: {
        status: 'aborted',
        error: 'Wrong File',
        total_count: 61,
        success_count: 20,
        error_count: 1,
        finished_count: 41,
      },
    });
    const countOf = async (status: string) => (await asker.itemsOf(id, status)).length;
    expect([
      await countOf('success'),
      await countOf('error'),
      await countOf('processing'),
      await countOf('aborted'),
    ]).toEqual([20, 1, 20, 20]);
    // What is on its way still arrives, and nothing else.
    const { pushId, attempt, lines } = onItsWay;
    const verdicts = lines.map(({ listing }) => ({ listing, verdict: 'accepted' as const }));
    await stand.stores.pushes.settle(pushId, attempt, lines, verdicts, Date.now());
    await deliver(stand, { calls: 100 });
    expect(await asker.statusOf(id)).toMatchObject({ status: 'aborted', success_count: 40, finished_count: 61 });
  });

  it('before the file was read leaves nothing to store', async () => {
    const id = await asker.begin();
    expect((await asker.abort(id, null)).data.inventory_sync_abort).toMatchObject({
      sync: { status: 'aborted', error: null },
    });
    expect(await stand.stores.inventorySyncs.recordStored(id, '01ARZ3NDEKTSV4RRFFQ69G5FAV')).toBe(false);
  });

  it.each(['success', 'error', 'aborted'])('of a sync that is %s already is refused', async (status) => {
    const id = await asker.begin();
    if (status === 'success') {
      await asker.store(id, [1]);
      await deliver(stand);
    } else if (status === 'error') await stand.stores.inventorySyncs.recordRefused(id, 'no CSV');
    else await asker.abort(id);
    expect(await asker.abort(id)).toEqual({
      errors: [
        {
          code: 4,
          message: `Sync cannot be aborted, its status is ${status}`,
          operation: 'inventory_sync_abort',
          field: 'sync_id',
          request_id: HEX,
        },
      ],
      data: { inventory_sync_abort: null },
    });
  });
});
