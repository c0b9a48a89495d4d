import { randomUUID } from 'node:crypto';
import { confirmCancelled, confirmNotCancelled } from '../../src/workflows/messages';
import { ajioItem } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { eventually } from '../stand/waiting';

/** Signals as the Web UI and the API let anybody send them: with arguments that the SDK cannot read. */

interface Sent {
  metadata?: Record<string, Uint8Array>;
  data?: Uint8Array;
}
const sent = (encoding: string, text?: string): Sent => ({
  metadata: { encoding: Buffer.from(encoding) },
  ...(text === undefined ? {} : { data: Buffer.from(text) }),
});
const KINDS: Record<string, Sent[]> = {
  protobuf: [sent('json/protobuf', '{}')],
  encrypted: [sent('binary/encrypted', 'x')],
  broken: [sent('json/plain', '{lines')],
  empty: [sent('json/plain')],
  untold: [{ data: Buffer.from('{}') }],
  second: [sent('json/plain', '{}'), sent('json/protobuf', '{}')],
};
const WORDS: Record<string, string> = {
  protobuf: 'cannot be read as json/protobuf;',
  encrypted: 'cannot be read as binary/encrypted;',
  broken: 'cannot be read as json/plain;',
  empty: 'cannot be read as json/plain;',
  untold: 'cannot be read;',
  second: 'cannot be read as json/protobuf;',
};
const NAMES = Object.keys(KINDS);
const GIVEN_UP = NAMES.map((kind) => `given-up-${kind}`);
const UNKNOWN = ['confirm-cancelled', 'confirm-not-cancelled'];
const ORDERS = ['retried', ...UNKNOWN, ...GIVEN_UP];

let scene: Scene;
let stockTenant: Tenant;
const runs: Record<string, string> = {};
const runOf = (name: string): string => runs[name] ?? '';

beforeAll(async () => {
  scene = await startScene();
  const { ajio } = scene.stand;
  const open = (name: string) => ({ username: name, lines: { [ajioItem(`O-${name}`, '1')]: { quantity: 1 } } });
  ajio.setState({ orders: Object.fromEntries(ORDERS.map((name) => [`O-${name}`, open(name)])) });
  const no = { kind: 'status', status: 400, body: { message: 'Order window is over' } } as const;
  ajio.setFaults([
    { ...no, times: NAMES.length + 1, on: { account: 'retried', method: 'POST' } },
    ...GIVEN_UP.map((account) => ({ ...no, on: { account, method: 'POST' } })),
    ...UNKNOWN.flatMap(
      (account) =>
        [
          { kind: 'reset', times: 1, on: { account, method: 'POST' } },
          { kind: 'status', status: 404, on: { account, method: 'GET' } },
        ] as const,
    ),
    { kind: 'status', status: 503, on: { account: 'stock' } },
  ]);
  stockTenant = await scene.tenants.add('stock');
  await scene.send.stock(stockTenant, { messageId: 'm-1', stock: { V1: 1 } });
  for (const name of ORDERS) {
    const tenant = await scene.tenants.add(name);
    runs[name] = (await scene.send.order(tenant, { orderNumber: `O-${name}` })).workflowId;
  }
});
afterAll(() => scene.stop());

async function sendRaw(workflowId: string, signalName: string, kind: string): Promise<void> {
  const { client, namespace } = scene.stand;
  await client.workflowService.signalWorkflowExecution({
    namespace,
    workflowExecution: { workflowId },
    signalName,
    input: { payloads: KINDS[kind] ?? [] },
    requestId: randomUUID(),
  });
}

test('retry counts, whatever was sent along, and so does a good one after it', async () => {
  const { see } = scene;
  for (const [tried, kind] of NAMES.entries()) {
    await eventually(`call ${tried + 1}`, () => see.cancels('O-retried')[tried]);
    await see.untilAttention(runOf('retried'), 'ajio_rejected');
    await sendRaw(runOf('retried'), 'retry', kind);
  }
  await eventually('the last refusal', () => see.cancels('O-retried')[NAMES.length]);
  await see.untilAttention(runOf('retried'), 'ajio_rejected');
  await see.retry(runOf('retried'));
  expect(await see.result(runOf('retried'))).toMatchObject({ outcome: 'cancelled' });
});

test.each(NAMES)('giveUp counts, whatever was sent along: %s', async (kind) => {
  const { see } = scene;
  const run = runOf(`given-up-${kind}`);
  await see.untilAttention(run, 'ajio_rejected');
  await sendRaw(run, 'giveUp', kind);
  await expect(see.result(run)).rejects.toMatchObject({ cause: { type: 'ChannelRejected' } });
});

test.each([
  ['confirm-cancelled', confirmCancelled, confirmNotCancelled, 2],
  ['confirm-not-cancelled', confirmNotCancelled, confirmCancelled, 1],
] as const)(
  '%s counts for nothing when it cannot be read, and the details say so',
  async (name, unreadable, good, calls) => {
    const { see, stand } = scene;
    const run = runOf(name);
    const handle = stand.client.workflow.getHandle(run);
    await see.untilAttention(run, 'ajio_outcome_unknown');
    for (const kind of NAMES) {
      await handle.signal(unreadable, { lines: ['none'] });
      await eventually('the details are of another one', async () =>
        (await see.details(run)).includes('has no line "none"') ? true : undefined,
      );
      await sendRaw(run, unreadable.name, kind);
      await eventually(`${kind} is told`, async () =>
        (await see.details(run)).includes(WORDS[kind] ?? '?') ? true : undefined,
      );
      expect(await see.attention(run)).toBe('ajio_outcome_unknown');
    }
    await handle.signal(good);
    expect(await see.result(run)).toMatchObject({ outcome: 'cancelled' });
    expect(see.cancels(`O-${name}`)).toHaveLength(calls);
  },
);

test('a stock run takes its signals, whatever was sent along', async () => {
  const { see, stand } = scene;
  const run = see.syncId(stockTenant);
  await see.untilAttention(run, 'ajio_unavailable');
  for (const kind of NAMES) await sendRaw(run, 'stockChanged', kind);
  expect(await see.details(run)).toContain('is waiting');
  stand.ajio.clearFaults();
  // At once: the run may end soon after the first of them.
  await Promise.all(NAMES.map((kind) => sendRaw(run, 'retry', kind)));
  expect(await see.result(run)).toMatchObject({ accepted: 1 });
  expect(see.shownStock(stockTenant)).toEqual({ V1: 1 });
});
