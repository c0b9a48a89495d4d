import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const HOOK = join(__dirname, '../servers/typescript-hook.cjs');
const PROGRAM = join(__dirname, 'stock-csv-memory.ts');
const MOST_MB = 20;

it('reads files of any size, and endless ones, in memory that stays flat', async () => {
  // A process of its own: the memory of a test runner moves for reasons of its own.
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '-r', HOOK, PROGRAM]);
  const grown = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  expect(grown.map(([name]) => name)).toEqual([
    'to warm up',
    '3,000 rows in 5 MB',
    '10 MB',
    'endless blank lines',
    'endless commas',
    'an endless cell',
  ]);
  expect(grown.filter(([, megabytes]) => !(Number(megabytes) <= MOST_MB))).toEqual([]);
});
