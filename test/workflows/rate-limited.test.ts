import { ajioItem } from '../stand/events';
import { fetchHistory, textOf } from '../stand/histories';
import { type Scene, startScene } from '../stand/scene';

const ORDERS = 30;

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

test('a burst of orders far above the rate limit is worked off one by one, and asks nobody', async () => {
  const tenant = await scene.tenants.add('burst', { settings: { requestsPerMinute: 120 } });
  const numbers = Array.from({ length: ORDERS }, (_, index) => `B-${index}`);
  scene.stand.ajio.setState({
    orders: Object.fromEntries(
      numbers.map((number) => [number, { username: 'burst', lines: { [ajioItem(number, '1')]: { quantity: 1 } } }]),
    ),
  });
  // The first turn is some seconds away, so that a slow machine's orders have to wait, too.
  await scene.stand.stores.db.change('INSERT INTO gates (gateKey, nextSlotAtMs) VALUES (?, ?)', [
    `ajio/${tenant.connectionId}`,
    Date.now() + 10_000,
  ]);
  const runs = await Promise.all(numbers.map((orderNumber) => scene.send.order(tenant, { orderNumber })));
  let waited = 0;
  for (const { workflowId } of runs) {
    await scene.see.untilOrder(workflowId, 'done');
    const history = textOf(await fetchHistory(scene.stand.client, workflowId));
    expect(history).not.toContain('ajio_rate_limited');
    if (history.includes('until its turn at Ajio')) waited += 1;
  }
  for (const number of numbers) expect(scene.see.cancels(number)).toHaveLength(1);
  expect(waited).toBeGreaterThan(0);
});
