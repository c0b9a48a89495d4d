import { z } from 'zod';
import { countKept } from '../load/load';
import { runSender } from '../load/sender';
import { STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { addStockConnection } from '../stand/stock-connection';
import { eventually } from '../stand/waiting';
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
}, 120_000);

it('lets a hundred wait for verdicts, and answers the next ones at once', async () => {
  const { keyId, key } = await stand.stores.keys.create({
    ...{ accountSlug: 'spykar', name: 'wms', connectionId: STOCK_CONNECTION },
  });
  const headers = {
    authusername: keyId,
    authpassword: key,
    prefer: 'wait=30',
    'content-type': 'application/json',
  };
  const leaving = new AbortController();
  const answers: Response[] = [];
  // Nobody delivers here, so whoever waits does so until we leave.
  const calls = Array.from({ length: 120 }, async (_, index) => {
    const body = JSON.stringify({ locationCode: 'POB1', products: [{ channelSkuCode: `P/V${index}`, quantity: 1 }] });
    answers.push(
      await fetch(`${url}/usp/inventories/absolute`, { method: 'PUT', headers, body, signal: leaving.signal }),
    );
  });
  const ended = Promise.allSettled(calls);
  try {
    await eventually('those beyond a hundred are answered', () => (answers.length >= 20 ? true : undefined));
    const seen = answers.map((answer) => [answer.status, answer.headers.has('preference-applied')]);
    expect(seen).toEqual(Array.from({ length: 20 }, () => [200, false]));
  } finally {
    leaving.abort();
    await ended;
  }
});
