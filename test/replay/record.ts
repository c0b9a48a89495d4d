import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from '../../src/twins/faults';
import { ajioItem } from '../stand/events';
import { fetchHistory, type HistoryJson } from '../stand/histories';
import type { Scene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';

/** Where the recorded histories are: one file per scenario, as the Web UI downloads them. */
export const HISTORIES = join(__dirname, 'histories');

interface Scenario {
  /** What the twins do to the scenario's tenant, whose name is the scenario's. */
  ajio?: Fault[];
  eshopbox?: Fault[];
  /** Plays the scenario to the end of its run and returns the workflow id. */
  play(scene: Scene, tenant: Tenant): Promise<string>;
}

const STOCK = { V1: 0, V2: 2, V3: 3 };

/** Waits for the end of the run; one that ends in another way than expected is not recorded. */
async function end(scene: Scene, workflowId: string, expected: 'completes' | 'fails' = 'completes'): Promise<string> {
  const ending = await scene.see.result(workflowId).then(
    () => 'completes',
    () => 'fails',
  );
  if (ending !== expected) throw new Error(`${workflowId} ${ending}`);
  return workflowId;
}

const stock = async (scene: Scene, tenant: Tenant): Promise<string> => {
  await scene.send.stock(tenant, { messageId: 'm1', stock: STOCK });
  return scene.see.syncId(tenant);
};
const order = async (scene: Scene, tenant: Tenant, lines?: string[]): Promise<string> =>
  (await scene.send.order(tenant, { orderNumber: `O-${tenant.slug}`, ...(lines ? { lines } : {}) })).workflowId;

async function retryAfter(scene: Scene, workflowId: string, attention: string): Promise<void> {
  await scene.see.untilAttention(workflowId, attention);
  await scene.see.retry(workflowId);
}

/** Every kind of run that today's code must still be able to replay. */
export const SCENARIOS: Record<string, Scenario> = {
  'stock-delivered': { play: async (scene, tenant) => end(scene, await stock(scene, tenant)) },
  'stock-unavailable-then-delivered': {
    ajio: [{ kind: 'status', status: 500, times: 2 }],
    play: async (scene, tenant) => end(scene, await stock(scene, tenant)),
  },
  'stock-token-refreshed': {
    ajio: [{ kind: 'expire-token', times: 1 }],
    play: async (scene, tenant) => end(scene, await stock(scene, tenant)),
  },
  'stock-partly-rejected': {
    ajio: [{ kind: 'fail-lines', lines: ['P-stock-partly-rejected/V2'] }],
    play: async (scene, tenant) => end(scene, await stock(scene, tenant)),
  },
  'stock-attention-then-retry': {
    ajio: [{ kind: 'status', status: 400, times: 1 }],
    async play(scene, tenant) {
      const workflowId = await stock(scene, tenant);
      await retryAfter(scene, workflowId, 'ajio_rejected');
      return end(scene, workflowId);
    },
  },
  'stock-given-up': {
    ajio: [{ kind: 'status', status: 500 }],
    async play(scene, tenant) {
      const workflowId = await stock(scene, tenant);
      await scene.see.untilAttention(workflowId, 'ajio_unavailable');
      await scene.see.giveUp(workflowId);
      return end(scene, workflowId, 'fails');
    },
  },
  'stock-needs-reauth-then-restored': {
    ajio: [{ kind: 'expire-token', times: 2 }],
    async play(scene, tenant) {
      const workflowId = await stock(scene, tenant);
      await scene.see.untilAttention(workflowId, 'ajio_needs_reauth');
      await scene.tenants.setStatus(tenant, 'active');
      await scene.see.retry(workflowId);
      return end(scene, workflowId);
    },
  },
  'stock-paused': {
    async play(scene, tenant) {
      await scene.tenants.setStatus(tenant, 'paused');
      return end(scene, await stock(scene, tenant));
    },
  },
  'order-cancelled': { play: async (scene, tenant) => end(scene, await order(scene, tenant)) },
  'order-unavailable-then-cancelled': {
    ajio: [{ kind: 'status', status: 500, times: 2 }],
    play: async (scene, tenant) => end(scene, await order(scene, tenant)),
  },
  'order-token-refreshed': {
    ajio: [{ kind: 'expire-token', times: 1 }],
    eshopbox: [{ kind: 'expire-token', times: 1 }],
    play: async (scene, tenant) => end(scene, await order(scene, tenant)),
  },
  'order-read-back': {
    ajio: [{ kind: 'reset-after-applying', times: 1, on: { method: 'POST' } }],
    play: async (scene, tenant) => end(scene, await order(scene, tenant)),
  },
  'order-asked-again': {
    ajio: [{ kind: 'reset', times: 1, on: { method: 'POST' } }],
    async play(scene, tenant) {
      const number = `O-${tenant.slug}`;
      scene.stand.ajio.setState({ orders: { [number]: { lines: { [ajioItem(number, '1')]: { quantity: 1 } } } } });
      return end(scene, await order(scene, tenant));
    },
  },
  'order-partly-cancelled-then-retry': {
    ajio: [{ kind: 'fail-lines', lines: [ajioItem('O-order-partly-cancelled-then-retry', '2')], times: 1 }],
    async play(scene, tenant) {
      const workflowId = await order(scene, tenant, ['1', '2']);
      await retryAfter(scene, workflowId, 'ajio_rejected');
      return end(scene, workflowId);
    },
  },
  'order-wms-refused-then-retry': {
    eshopbox: [{ kind: 'status-failed', times: 1 }],
    async play(scene, tenant) {
      const workflowId = await order(scene, tenant);
      await retryAfter(scene, workflowId, 'eshopbox_rejected');
      return end(scene, workflowId);
    },
  },
  'order-given-up': {
    ajio: [{ kind: 'status', status: 400 }],
    async play(scene, tenant) {
      const workflowId = await order(scene, tenant);
      await scene.see.untilAttention(workflowId, 'ajio_rejected');
      await scene.see.giveUp(workflowId);
      return end(scene, workflowId, 'fails');
    },
  },
};

/** Takes out of a history what tells of the machine that it was recorded on; a replay reads none of it. */
const withoutMachine = (history: HistoryJson): unknown =>
  JSON.parse(JSON.stringify(history), (name, value: unknown) => {
    if (name === 'stackTrace') return '';
    if (name === 'identity') return 'recorder';
    return typeof value === 'string' && /^\d+@/.test(value) ? value.replace(/^\d+@[^-]*/, 'recorder') : value;
  });

/** Plays every scenario at once on real servers and writes its history; returns the names of the files. */
export async function recordHistories(scene: Scene): Promise<string[]> {
  mkdirSync(HISTORIES, { recursive: true });
  const played: { name: string; scenario: Scenario; tenant: Tenant }[] = [];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    played.push({ name, scenario, tenant: await scene.tenants.add(name) });
  }
  const aimed = (side: 'ajio' | 'eshopbox'): Fault[] =>
    played.flatMap(({ name, scenario }) =>
      (scenario[side] ?? []).map((fault): Fault => ({ ...fault, on: { ...fault.on, account: name } })),
    );
  scene.stand.ajio.setFaults(aimed('ajio'));
  scene.stand.eshopbox.setFaults(aimed('eshopbox'));
  return Promise.all(
    played.map(async ({ name, scenario, tenant }) => {
      const history = await fetchHistory(scene.stand.client, await scenario.play(scene, tenant));
      writeFileSync(join(HISTORIES, `${name}.json`), `${JSON.stringify(withoutMachine(history), null, 1)}\n`);
      return `${name}.json`;
    }),
  );
}
