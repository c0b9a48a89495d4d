import { setTimeout as delay } from 'node:timers/promises';
import { type Scene, startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';

const HELD_FOR_MS = 8_000;

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ worker: false });
});
afterAll(() => scene.stop());

test('a worker that waits for MySQL says every second that it is alive', async () => {
  const { see, send, stand } = scene;
  const tenant = await scene.tenants.add('waiting');
  await send.stock(tenant, { messageId: 'm1', stock: { V1: 5 } });
  const handle = stand.client.workflow.getHandle(see.syncId(tenant));
  await see.started(handle.workflowId);

  const beatsMs = new Set<number>();
  const look = async () => {
    const [activity] = (await handle.describe()).raw.pendingActivities ?? [];
    if (!activity?.lastHeartbeatTime) return undefined;
    const { seconds, nanos } = activity.lastHeartbeatTime;
    beatsMs.add(Number(seconds) * 1_000 + (nanos ?? 0) / 1e6);
    return activity;
  };
  await stand.stores.db.transaction(async (tx) => {
    await tx.select('SELECT listing FROM stock_levels WHERE connectionId = ? FOR UPDATE', [tenant.connectionId]);
    await stand.startWorkers();
    await eventually('the first heartbeat', look);
    for (const endMs = Date.now() + HELD_FOR_MS; Date.now() < endMs; await delay(100)) await look();
  });
  const times = [...beatsMs];
  const gaps = times.slice(1).map((timeMs, index) => timeMs - (times[index] ?? 0));
  gaps.sort((a, b) => a - b);
  // Four fifths of the timeout would be 2.4 s, and hardly anything left for a machine that is busy.
  expect(gaps[Math.floor(gaps.length / 2)]).toBeLessThan(2_000);
  expect(await see.result(handle.workflowId)).toMatchObject({ accepted: 1 });
});
