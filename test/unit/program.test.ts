import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = join(__dirname, '../..');

/** Runs a line with `endWithin` at hand in a process of its own; answers its exit code and what it said. */
async function run(line: string) {
  const program = `const { endWithin } = require(${JSON.stringify(join(ROOT, 'src/program.ts'))}); ${line}`;
  const child = spawn(process.execPath, ['-r', join(ROOT, 'test/servers/typescript-hook.cjs'), '-e', program], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, said };
}

it('a program that hangs when it should end is ended, and says so', async () => {
  expect(await run('endWithin(100); setInterval(() => {}, 60_000);')).toEqual({
    code: 1,
    said: 'not everything ended within 0.1 s: the process ends as it is\n',
  });
});

it('a program that ends by itself is not kept waiting', async () => {
  expect(await run('endWithin(2_000_000);')).toEqual({ code: 0, said: '' });
});
