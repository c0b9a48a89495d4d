import { type AjioTwin, startAjioTwin } from '../../src/twins/ajio-twin';
import { eventually } from '../stand/waiting';
import { call, stockLine } from './calls';

/** The waits under way in the twin, which end when the test says so. */
const pauses: { ms: number; end: () => void }[] = [];
let twin: AjioTwin;
beforeAll(async () => {
  twin = await startAjioTwin({ pause: (ms) => new Promise((end) => pauses.push({ ms, end })) });
});
afterAll(() => twin.stop());

const push = (inventory: number, signal?: AbortSignal) =>
  call('POST', `${twin.url}/updateInventory`, {
    body: { inventoryList: [stockLine('P', 'V', inventory)] },
    headers: { apiKey: twin.issueToken('demo-seller') },
    ...(signal && { signal }),
  });
const inStock = () => twin.state().stock['demo-seller'] ?? {};

it('delay: waits, and applies even when the caller has left', async () => {
  twin.setFaults([{ kind: 'delay', ms: 400 }]);
  const leaving = new AbortController();
  const abandoned = expect(push(5, leaving.signal)).rejects.toThrow(/abort/i);
  await eventually('the delay has begun', () => pauses[0]);
  leaving.abort();
  await abandoned;
  await eventually('the twin has seen the cut', () => twin.log()[0]?.durationMs ?? undefined);
  expect(pauses.map(({ ms }) => ms)).toEqual([400]);
  expect(inStock()).toEqual({});
  twin.clearFaults();
  await push(9);
  for (const { end } of pauses.splice(0)) end();
  await eventually('the first one is applied', () => twin.log()[0]?.effectSeq ?? undefined);
  expect(inStock()).toEqual({ 'P/V': 5 });
  const [late, early] = twin.log();
  expect([late?.status, early?.status]).toEqual([null, 200]);
  expect((late?.effectSeq ?? 0) - (early?.effectSeq ?? 0)).toBe(1);
});

it('hangs do not hold up a stop', async () => {
  const short = await startAjioTwin();
  short.setFaults([
    { kind: 'hang', on: { path: '/products' } },
    { kind: 'delay', ms: 60_000 },
  ]);
  const open = ['/products', '/elsewhere'].map((path) => call('GET', `${short.url}${path}`).catch(() => 'cut'));
  await eventually('both are there', () => short.log()[1]);
  await short.stop();
  expect(await Promise.all(open)).toEqual(['cut', 'cut']);
});
