import { createRateLimit, type RateLimitDeps } from '../../src/activities/rate-limit';
import type { CreditPass } from '../../src/store/credits';

const call = { signal: new AbortController().signal };
const READING = { left: 300, max: 4_004, perSecond: 60 };

function limitWith(passes: CreditPass[], slot?: RateLimitDeps['slot']) {
  const seen = { reserved: [] as number[], corrected: [] as number[] };
  const rateLimit = createRateLimit({
    gates: { reserve: async () => ({ waitMs: 0, reserved: true }) },
    credits: {
      async reserve(_key, credits) {
        seen.reserved.push(credits);
        return passes.shift() ?? { waitMs: 0, reserved: true };
      },
      learn: async () => undefined,
      correct: async (_key, difference) => void seen.corrected.push(difference),
    },
    gate: { key: 'sample/1', requestsPerMinute: undefined },
    displayName: 'Sample',
    details: {},
    creditReader: { readCredits: async () => READING },
    // As the opener does it: what the question for the credits was paid is settled as any other request is.
    request: (send) => send().finally(() => rateLimit.settle(undefined)),
    ...(slot ? { slot } : {}),
  });
  return { seen, rateLimit };
}

it.each([
  ['less', 4, [247]],
  ['nothing', 0, [251]],
  ['more', 300, [-49]],
  ['as much', 251, []],
  ['nobody knows what', undefined, []],
] as const)('corrects the count when a request cost %s', async (_what, paid, corrected) => {
  const { seen, rateLimit } = limitWith([]);
  await rateLimit.pass(call, 251);
  await rateLimit.settle(paid);
  expect(seen).toEqual({ reserved: [251], corrected });
});

it('corrects it once, and for no request that did not pass', async () => {
  const { seen, rateLimit } = limitWith([]);
  await rateLimit.settle(7);
  await rateLimit.pass(call, 10);
  await rateLimit.settle(1);
  await rateLimit.settle(1);
  expect(seen.corrected).toEqual([9]);
});

it('gives back what an earlier attempt had reserved', async () => {
  const { seen, rateLimit } = limitWith([], { atMs: 0, credits: 251, missed: 0 });
  await rateLimit.pass(call, 251);
  await rateLimit.settle(4);
  expect(seen).toEqual({ reserved: [], corrected: [247] });
});

it('counts the question for the credits apart, and takes in full what could not be reserved after it', async () => {
  const first = limitWith([{ unknown: true }]);
  await first.rateLimit.pass(call, 251);
  await first.rateLimit.settle(4);
  expect(first.seen).toEqual({ reserved: [251, 251], corrected: [247] });

  const doubted = limitWith([{ unknown: true }, { unknown: true }]);
  await doubted.rateLimit.pass(call, 251);
  await doubted.rateLimit.settle(4);
  expect(doubted.seen.corrected).toEqual([-4]);
});
