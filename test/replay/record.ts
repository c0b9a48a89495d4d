import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from '../../src/twins/faults';
import { confirmCancelled, giveUp } from '../../src/workflows/messages';
import { ajioItem } from '../stand/events';
import { fetchHistory, type HistoryJson } from '../stand/histories';
import type { Scene } from '../stand/scene';
import type { Tenant, TenantOptions } from '../stand/tenants';
import { eventually } from '../stand/waiting';
import { HISTORIES } from './folder';
import { JOB_SCENARIOS, playJobScenarios } from './job-scenarios';
import {
  end,
  endedOrder,
  importFile,
  knownOrder,
  order,
  retryAfter,
  stock,
  stockWithoutConnection,
  sweepTwice,
  upkeep,
} from './plays';
import { STAND_SCENARIOS } from './stand-scenarios';

interface Scenario {
  /** What the twins do to the scenario's tenant, whose name is the scenario's. */
  ajio?: Fault[];
  eshopbox?: Fault[];
  /** Of the tenant's connections. @default 'live' */
  tokens?: TenantOptions['tokens'];
  /** Plays the scenario to the end of its run and returns the workflow id. */
  play(scene: Scene, tenant: Tenant): Promise<string>;
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
  // The calls that met no token were not made, and failed nobody.
  'stock-first-login': { tokens: 'none', play: async (scene, tenant) => end(scene, await stock(scene, tenant)) },
  'order-first-login': { tokens: 'none', play: async (scene, tenant) => end(scene, await order(scene, tenant)) },
  // What the first run has left is told to the WMS with another time than what Ajio accepts now.
  'order-first-line-accepted-earlier': {
    ajio: [{ kind: 'fail-lines', lines: [ajioItem('O-order-first-line-accepted-earlier', '2')], times: 1 }],
    eshopbox: [{ kind: 'status-failed', times: 1 }],
    async play(scene, tenant) {
      const lines = ['1', '2'];
      const workflowId = await order(scene, tenant, { lines });
      await scene.see.untilAttention(workflowId, 'eshopbox_rejected');
      await scene.see.giveUp(workflowId);
      await scene.see.untilOrder(await end(scene, workflowId, 'fails'), 'failed');
      await order(scene, tenant, { lines });
      await scene.see.untilOrder(workflowId, 'done');
      return end(scene, workflowId);
    },
  },
  'stock-fresh-token-died': {
    ajio: [{ kind: 'expire-token', times: 2 }],
    play: async (scene, tenant) => end(scene, await stock(scene, tenant)),
  },
  'stock-fresh-tokens-useless': {
    ajio: [{ kind: 'expire-token', times: 3 }],
    async play(scene, tenant) {
      const workflowId = await stock(scene, tenant);
      await scene.see.untilAttention(workflowId, 'ajio_needs_reauth');
      await scene.see.giveUp(workflowId);
      return end(scene, workflowId, 'fails');
    },
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
    ajio: [{ kind: 'expire-token', times: 3 }],
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
  'order-rate-limited': {
    ajio: [{ kind: 'throttle', retryAfter: '1', times: 2 }],
    play: async (scene, tenant) => end(scene, await order(scene, tenant)),
  },
  // It is probed twice, the second time with a single call.
  'order-limited-for-long': {
    ajio: [
      { kind: 'throttle', retryAfter: '61', times: 1 },
      { kind: 'throttle', retryAfter: '1', times: 1 },
    ],
    play: async (scene, tenant) => end(scene, await order(scene, tenant)),
  },
  // Its question stays to be seen while it is probed.
  'order-keeps-its-question': {
    ajio: [
      { kind: 'throttle', retryAfter: '61', times: 1 },
      { kind: 'throttle', retryAfter: '1', times: 1 },
    ],
    play: async (scene, tenant) => end(scene, await order(scene, tenant)),
  },
  'order-unanswered-then-asks': {
    ajio: [
      { kind: 'status', status: 500, times: 1, on: { method: 'POST' } },
      { kind: 'reset', times: 1, on: { method: 'POST' } },
      { kind: 'status', status: 500, times: 2, on: { method: 'POST' } },
    ],
    play: (scene, tenant) => knownOrder(scene, tenant, 1, 'ajio_unavailable'),
  },
  'order-refused-beside-the-wms': {
    ajio: [{ kind: 'fail-lines', lines: [ajioItem('O-order-refused-beside-the-wms', '2')], times: 1 }],
    async play(scene, tenant) {
      const workflowId = await order(scene, tenant, { lines: ['1', '2'] });
      await retryAfter(scene, workflowId, 'ajio_rejected');
      return end(scene, workflowId);
    },
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
    play: (scene, tenant) => knownOrder(scene, tenant),
  },
  'order-waits-for-a-late-request': {
    ajio: [{ kind: 'reset', times: 1, on: { method: 'POST' } }],
    play: (scene, tenant) => knownOrder(scene, tenant, 3),
  },
  'order-failures-around-a-read-back': {
    ajio: [
      { kind: 'status', status: 500, times: 1, on: { method: 'POST' } },
      { kind: 'reset', times: 1, on: { method: 'POST' } },
      { kind: 'status', status: 500, times: 1, on: { method: 'POST' } },
    ],
    play: (scene, tenant) => knownOrder(scene, tenant),
  },
  'order-last-cancel-read-back': {
    ajio: [
      { kind: 'status', status: 502, times: 2, on: { method: 'POST' } },
      { kind: 'status', status: 504, applies: true, times: 1, on: { method: 'POST' } },
    ],
    play: (scene, tenant) => knownOrder(scene, tenant),
  },
  'order-taken-in-part': {
    ajio: [{ kind: 'takes-fewer', times: 1, on: { method: 'POST' } }],
    play: async (scene, tenant) => end(scene, await order(scene, tenant, { pieces: 3 })),
  },
  'order-partly-cancelled-then-retry': {
    ajio: [{ kind: 'fail-lines', lines: [ajioItem('O-order-partly-cancelled-then-retry', '2')], times: 1 }],
    async play(scene, tenant) {
      const workflowId = await order(scene, tenant, { lines: ['1', '2'] });
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
  'import-stored': { play: (scene, tenant) => importFile(scene, tenant, 200) },
  'import-refused': { play: (scene, tenant) => importFile(scene, tenant, 503) },
  'sweep-done': { play: (scene) => upkeep(scene, 'SweepWorkflow', { once: true }) },
  'sweep-goes-on': { play: sweepTwice },
  'retention-done': { play: (scene) => upkeep(scene, 'RetentionWorkflow') },
  'order-given-up': {
    ajio: [{ kind: 'status', status: 400 }],
    async play(scene, tenant) {
      const workflowId = await order(scene, tenant);
      await scene.see.untilAttention(workflowId, 'ajio_rejected');
      await scene.see.giveUp(workflowId);
      return end(scene, workflowId, 'fails');
    },
  },
  'order-ended-by-giving-up': {
    ajio: [{ kind: 'status', status: 400 }],
    play: (scene, tenant) => endedOrder(scene, tenant, 'ajio_rejected', (run) => run.signal(giveUp)),
  },
  'order-ended-by-cancel': {
    eshopbox: [{ kind: 'status-failed' }],
    play: (scene, tenant) => endedOrder(scene, tenant, 'eshopbox_rejected', (run) => run.cancel()),
  },
  'order-ended-by-confirmation': {
    ajio: [
      { kind: 'reset-after-applying', times: 1, on: { method: 'POST' } },
      { kind: 'status', status: 404, on: { method: 'GET' } },
    ],
    play: (scene, tenant) =>
      endedOrder(scene, tenant, 'ajio_outcome_unknown', (run) => run.signal(confirmCancelled), 'completes'),
  },
  'order-bought-in-part': {
    ajio: [{ kind: 'buyer-cancels', pieces: 1, times: 1, on: { method: 'POST' } }],
    play: async (scene, tenant) => end(scene, await order(scene, tenant, { pieces: 3 })),
  },
  'order-not-shown': {
    ajio: [
      { kind: 'reset-after-applying', times: 1, on: { method: 'POST' } },
      { kind: 'omit-lines', on: { method: 'GET' } },
    ],
    play: (scene, tenant) =>
      endedOrder(scene, tenant, 'ajio_outcome_unknown', (run) => run.signal(confirmCancelled), 'completes'),
  },
  'stock-due-beside-refused': {
    ajio: [
      { kind: 'garbage', applies: false, times: 1, on: { method: 'POST' } },
      { kind: 'status', status: 400, times: 1, on: { method: 'POST' } },
    ],
    async play(scene, tenant) {
      await scene.send.stock(tenant, { messageId: 'm1', stock: { V1: 1 } });
      await eventually('nobody understood it', () => scene.see.stockCalls(tenant)[0]);
      await scene.send.stock(tenant, { messageId: 'm2', stock: { V2: 2 } });
      await eventually('what was due later is shown', () => scene.see.shownStock(tenant).V1);
      await retryAfter(scene, scene.see.syncId(tenant), 'ajio_rejected');
      return end(scene, scene.see.syncId(tenant));
    },
  },
  'stock-connection-gone-for-a-while': {
    ajio: [{ kind: 'status', status: 400, times: 1 }],
    play: stockWithoutConnection,
  },
  'stock-ended-by-cancel': {
    ajio: [{ kind: 'status', status: 400 }],
    async play(scene, tenant) {
      const workflowId = await stock(scene, tenant);
      await scene.see.untilAttention(workflowId, 'ajio_rejected');
      await scene.stand.client.workflow.getHandle(workflowId).cancel();
      return end(scene, workflowId, 'fails');
    },
  },
};

/** The names of all of them. */
export const SCENARIO_NAMES = [SCENARIOS, JOB_SCENARIOS, STAND_SCENARIOS].flatMap((scenarios) =>
  Object.keys(scenarios),
);

/** Takes out of a history what tells of the machine that it was recorded on; a replay reads none of it. */
const withoutMachine = (history: HistoryJson): unknown =>
  JSON.parse(JSON.stringify(history), (name, value: unknown) => {
    if (name === 'stackTrace') return '';
    if (name === 'identity') return 'recorder';
    return typeof value === 'string' && /^\d+@/.test(value) ? value.replace(/^\d+@[^-]*/, 'recorder') : value;
  });

/** Plays every scenario whose name begins with `prefix` at once on real servers and writes its history; returns the names of the files. */
export async function recordHistories(scene: Scene, prefix: string): Promise<string[]> {
  mkdirSync(HISTORIES, { recursive: true });
  const played: { name: string; scenario: Scenario; tenant: Tenant }[] = [];
  for (const [name, scenario] of Object.entries(SCENARIOS).filter(([name]) => name.startsWith(prefix))) {
    const { tokens = 'live' } = scenario;
    played.push({
      name,
      scenario,
      tenant: await scene.tenants.add(name, { tokens, settings: { halvesRefusals: false } }),
    });
  }
  const aimed = (side: 'ajio' | 'eshopbox'): Fault[] =>
    played.flatMap(({ name, scenario }) =>
      (scenario[side] ?? []).map((fault): Fault => ({ ...fault, on: { ...fault.on, account: name } })),
    );
  scene.stand.ajio.setFaults(aimed('ajio'));
  scene.stand.eshopbox.setFaults(aimed('eshopbox'));
  const write = async (name: string, workflowId: string, from = scene, runId?: string): Promise<string> => {
    const history = await fetchHistory(from.stand.client, workflowId, runId);
    writeFileSync(join(HISTORIES, `${name}.json`), `${JSON.stringify(withoutMachine(history), null, 1)}\n`);
    return `${name}.json`;
  };
  const files = await Promise.all(
    played.map(async ({ name, scenario, tenant }) => write(name, await scenario.play(scene, tenant))),
  );
  // These share an account, one after the other: they are played all or not at all.
  const hasJobs = Object.keys(JOB_SCENARIOS).some((name) => name.startsWith(prefix));
  for (const [name, workflowId] of Object.entries(hasJobs ? await playJobScenarios(scene) : {})) {
    if (name.startsWith(prefix)) files.push(await write(name, workflowId));
  }
  for (const [name, play] of Object.entries(STAND_SCENARIOS).filter(([name]) => name.startsWith(prefix))) {
    await play(async (own, workflowId, runId) => void files.push(await write(name, workflowId, own, runId)));
  }
  return files;
}
