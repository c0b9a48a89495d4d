import { shared } from '../../src/starter/shared';

it('makes one call for all who ask the same while it is under way, and another one afterwards', async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const ask = shared((about: string) => {
    asked.push(about);
    return new Promise<string>((resolve) => answers.push(() => resolve(`${about}${asked.length}`)));
  });
  const first = Promise.all([ask('a'), ask('a'), ask('b')]);
  expect(asked).toEqual(['a', 'b']);
  for (const answer of answers.splice(0)) answer();
  expect(await first).toEqual(['a2', 'a2', 'b2']);
  const second = ask('a');
  for (const answer of answers) answer();
  expect(await second).toBe('a3');
});

it('fails for all who asked, and is asked again', async () => {
  let fails = true;
  const ask = shared(async () => {
    if (fails) throw new Error('away');
    return 'there';
  });
  const outcomes = await Promise.allSettled([ask(), ask()]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(await ask()).toBe('there');
});
