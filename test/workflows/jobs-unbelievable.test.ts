import { inventorySyncWorkflowId } from '../../src/contracts/ids';
import { type Scene, startScene } from '../stand/scene';
import { addShiphero } from '../stand/shiphero';
import { eventually } from '../stand/waiting';

const stockOf = (count: number, quantity = 4) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`S${index}`, quantity]));
const runOf = ({ id }: { id: number }) => inventorySyncWorkflowId(id);

describe('what a channel says of a job', () => {
  let scene: Scene;
  let nextId = 3_301;
  const add = (settings: object = {}) => addShiphero(scene.stand, nextId++, settings);
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(() => scene.stop());
  beforeEach(() => scene.stand.shiphero.reset());

  test('rows that it does not mention are unknown, and go out again', async () => {
    const hero = await add();
    const { shiphero } = scene.stand;
    shiphero.setState({ knownSkus: ['S0', 'S1', 'S2'] });
    shiphero.setFaults([
      {
        kind: 'omit-lines',
        lines: [`${hero.warehouseId}/S3`],
        times: 2,
        on: { operation: 'inventory_sync_items_status' },
      },
    ]);
    const submissionId = await hero.send(stockOf(5));
    await hero.settled();
    const lines = await hero.lines(submissionId);
    expect(lines.map(({ listing, status }) => [listing, status])).toEqual([
      ['S0', 'success'],
      ['S1', 'success'],
      ['S2', 'success'],
      ['S3', 'error'],
      ['S4', 'error'],
    ]);
    // The first answer counted two errors and named one, so all rows were asked for, and one was still missing.
    expect(hero.syncs().map(({ items }) => items.map(({ sku }) => sku))).toEqual([
      ['S0', 'S1', 'S2', 'S3', 'S4'],
      ['S3'],
    ]);
  });

  test('a row that was never sent makes the whole answer unbelievable', async () => {
    const hero = await add();
    const { shiphero } = scene.stand;
    shiphero.setState({ knownSkus: ['S0'] });
    shiphero.setFaults([{ kind: 'unknown-line', times: 1, on: { operation: 'inventory_sync_items_status' } }]);
    await hero.send(stockOf(3));
    await scene.see.untilAttention(runOf(hero), 'shiphero_contract_violated');
    expect(hero.syncs()).toHaveLength(1);
    await scene.see.retry(runOf(hero));
    await hero.settled();
    expect(hero.syncs()).toHaveLength(1);
  });

  test.each(['operation', 'whole'] as const)(
    'a no beside data that is null (%s) refuses the lines, in its own words',
    async (nullData) => {
      const hero = await add({ warehouseId: 'nowhere' });
      scene.stand.shiphero.setState({ nullData, knownWarehouses: ['elsewhere'] });
      const submissionId = await hero.send(stockOf(3));
      await scene.see.untilAttention(runOf(hero), 'shiphero_rejected');
      const lines = await hero.lines(submissionId);
      expect(lines.map(({ status }) => status)).toEqual(['error', 'error', 'error']);
      expect(new Set(lines.map(({ error }) => error)).size).toBe(1);
      expect(lines[0]?.error).toMatch(/warehouse/i);
      expect(scene.stand.shiphero.state().syncs).toEqual([]);
      await scene.see.giveUp(runOf(hero));
    },
  );

  test('a job of which it refuses to tell asks, and is given up at its deadline: its lines go out again', async () => {
    const hero = await add({ syncDeadlineSeconds: 10 });
    const { shiphero } = scene.stand;
    shiphero.setFaults(
      ['inventory_sync_status', 'inventory_sync_items_status'].map((operation) => ({
        kind: 'status',
        status: 403,
        body: { message: 'Not this one' },
        on: { operation },
      })),
    );
    await hero.send(stockOf(3));
    await scene.see.untilAttention(runOf(hero), 'shiphero_rejected');
    // It looks again by itself, and then the job's time is over.
    await scene.see.untilAttention(runOf(hero), 'shiphero_stuck');
    await scene.see.retry(runOf(hero));
    await eventually('another job', () => hero.syncs()[1]);
    shiphero.setFaults([]);
    await hero.settled();
    expect(hero.shown()).toEqual(stockOf(3));
    await scene.see.result(runOf(hero));
    expect(await scene.see.attention(runOf(hero))).toBeUndefined();
  });

  test('a request that costs more than the account can ever have is not sent', async () => {
    const hero = await add({ itemsPageSize: 500 });
    const { shiphero } = scene.stand;
    await scene.stand.stores.db.change('DELETE FROM credits', []);
    shiphero.setState({ knownSkus: ['S0'], quota: { maxAvailable: 200, incrementRate: 60 } });
    await hero.send(stockOf(3));
    await scene.see.untilAttention(runOf(hero), 'shiphero_rejected');
    expect(await scene.see.details(runOf(hero))).toContain('501 credits');
    expect(shiphero.state().violations.throttled).toBe(0);
  });
});

test('a file that the channel never fetched: nothing is believed, and the run says where to look', async () => {
  const scene = await startScene({ publicUrl: 'http://127.0.0.1:1' });
  try {
    const hero = await addShiphero(scene.stand, 3_390);
    const submissionId = await hero.send(stockOf(3));
    await scene.see.untilAttention(runOf(hero), 'shiphero_unavailable');
    expect(await scene.see.details(runOf(hero))).toContain('PUBLIC_URL');
    expect(hero.shown()).toEqual({});
    expect((await hero.lines(submissionId)).map(({ status }) => status)).toEqual(['pending', 'pending', 'pending']);
  } finally {
    await scene.stop();
  }
});
