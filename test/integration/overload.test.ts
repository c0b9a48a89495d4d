import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { WORK_LIMITS } from '../../src/starter/admission';
import { countKept } from '../load/load';
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

/** Events of an account, whose bodies are not sent to their end before `finish`. */
function openEvents(key: string, connectionId: number, count: number) {
  const agent = new Agent({ maxSockets: count });
  const opened = Array.from({ length: count }, (_, index) => {
    const body = JSON.stringify(eventOf(`held-${index}`, connectionId));
    const headers = { 'x-api-key': key, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(`${url}/events/inventory`, { method: 'POST', headers, agent });
    const answer = once(sent, 'response').then(async ([response]) => {
      const said = await json(response);
      return response.statusCode === 202 ? stored.parse(said).submissionId : response.statusCode;
    });
    sent.write(body.slice(0, -1));
    return { sent, answer, rest: body.slice(-1) };
  });
  return {
    async finish() {
      for (const { sent, rest } of opened) sent.end(rest);
      const answers = await Promise.all(opened.map(({ answer }) => answer));
      agent.destroy();
      return answers;
    },
  };
}

const stored = z.object({ submissionId: z.string() });
const eventOf = (messageId: string, connectionId: number) => ({
  message_id: messageId,
  publishedAt: '2026-01-01 10:00:00',
  connectionId,
  inventoryList: [{ productId: 'P', variantId: messageId, locationInventory: 1 }],
});
const post = (key: string, event: object) =>
  fetch(`${url}/events/inventory`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });

it('refuses what an account cannot have under way, keeps what it acknowledged, and serves other accounts meanwhile', async () => {
  const quiet = await addStockConnection(stand, { id: 4_001, channel: 'ajio', credentials: {}, settings: {} });
  const loud = { key: stand.keys.spykar, connectionId: STOCK_CONNECTION };
  const { requests } = WORK_LIMITS.ofAccount;
  const held = openEvents(loud.key, loud.connectionId, requests);
  const ids: string[] = [];
  // Those that come before all the others have arrived are taken.
  const refusal = await eventually('one is refused', async () => {
    // Several at once: where one of those that are held lost its place to a probe, a single one would always find it.
    const answers = await Promise.all(
      [1, 2, 3].map((probe) => post(loud.key, eventOf(`probe-${probe}-${ids.length}`, loud.connectionId))),
    );
    for (const answer of answers) if (answer.status !== 429) ids.push(stored.parse(await answer.json()).submissionId);
    return answers.find(({ status }) => status === 429);
  });
  expect(refusal.headers.get('retry-after')).toBe('1');
  const beside = await post(quiet.key, eventOf('beside', quiet.id));
  expect(beside.status).toBe(202);
  ids.push(stored.parse(await beside.json()).submissionId);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);

  const probes = ids.length;
  const answers = await held.finish();
  const isStored = (answer: string | number): answer is string => typeof answer === 'string';
  const refused = answers.filter((answer) => !isStored(answer));
  // A probe may have had the place of one that came at the same moment.
  expect(refused).toEqual(refused.map(() => 429));
  expect(refused.length).toBeLessThanOrEqual(probes);
  ids.push(...answers.filter(isStored));
  expect(await countKept(stand.stores.db, ids)).toBe(ids.length);
  const again = await post(loud.key, eventOf('again', loud.connectionId));
  expect(again.status).toBe(202);
});

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
    // On a slow machine the first ones may have waited for as long as the gateway lets them.
    const atOnce = () => answers.filter(({ headers }) => !headers.has('preference-applied'));
    await eventually('those beyond a hundred are answered', () => atOnce().length >= 20);
    expect(atOnce().map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  } finally {
    leaving.abort();
    await ended;
  }
});
