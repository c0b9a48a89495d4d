import { z } from 'zod';
import { countKept } from '../load/load';
import { runSender } from '../load/sender';
import { STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { addStockConnection } from '../stand/stock-connection';
import { postText } from './gateway-client';
import { buildPrograms, type Program, startProgram } from './programs';

let stand: Stand;
let gateway: Program;
let url: string;
beforeAll(async () => {
  await buildPrograms();
  stand = await startStand({ worker: false });
  gateway = startProgram('starter/main.js', stand);
  url = z.string().parse((await gateway.logged('gateway listens')).address);
});
afterAll(async () => {
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  await stand.stop();
});

/** How long the gateway took for such an answer, on average. */
function meanSeconds(metrics: string, status: number): number {
  const total = (what: string) => {
    const samples = metrics.matchAll(
      new RegExp(`gateway_answer_seconds_${what}\\{[^}]*status="${status}"[^}]*\\} (\\S+)`, 'g'),
    );
    return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
  };
  return total('sum') / total('count');
}

it('refuses what it cannot take, keeps what it acknowledged, and serves other accounts meanwhile', async () => {
  const quiet = await addStockConnection(stand, { id: 4_001, channel: 'ajio', credentials: {}, settings: {} });
  const common = { url, lines: 20 };
  const loud = { ...common, key: stand.keys.spykar, connectionId: STOCK_CONNECTION, name: 'loud', connections: 800 };
  const other = { ...common, key: quiet.key, connectionId: quiet.id, name: 'quiet', connections: 40, lines: 1 };
  const [flood, beside] = await Promise.all([
    runSender({ sender: loud, seconds: 5 }),
    runSender({ sender: other, seconds: 5, perSecond: 10 }),
  ]);
  expect(Object.keys(flood.statuses).sort()).toEqual(['202', '429']);
  expect(flood.withoutRetryAfter).toBe(0);
  expect(Object.keys(beside.statuses)).toEqual(['202']);
  const ids = [...flood.submissionIds, ...beside.submissionIds];
  expect(ids.length).toBeGreaterThan(100);
  expect(await countKept(stand.stores.db, ids)).toBe(ids.length);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  // By the gateway's own clock: the senders are too busy themselves to say when an answer came.
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(meanSeconds(metrics, 429)).toBeLessThan(meanSeconds(metrics, 202));
}, 60_000);

it('lets a hundred wait for verdicts, and answers the next ones at once', async () => {
  const { keyId, key } = await stand.stores.keys.create({
    ...{ accountSlug: 'spykar', name: 'wms', connectionId: STOCK_CONNECTION },
  });
  const headers = { authusername: keyId, authpassword: key, prefer: 'wait=4' };
  const answers = await Promise.all(
    Array.from({ length: 120 }, (_, index) => {
      const body = { locationCode: 'POB1', products: [{ channelSkuCode: `P/V${index}`, quantity: 1 }] };
      return postText({ gatewayUrl: url }, '/usp/inventories/absolute', JSON.stringify(body), headers, 'PUT');
    }),
  );
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(answers.filter((answer) => answer.headers.has('preference-applied'))).toHaveLength(100);
}, 30_000);
