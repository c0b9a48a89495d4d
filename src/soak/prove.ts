import { spawn } from 'node:child_process';
import { z } from 'zod';
import { table } from '../cli/output';
import { BUGS } from './bugs';

const report = z.object({
  seconds: z.number(),
  findings: z.array(z.object({ invariant: z.string(), violationCount: z.number(), violations: z.array(z.string()) })),
});

/** Runs this program once more with one bug, and reads its report. */
async function runWith(program: string, bug: string, seed: number): Promise<z.output<typeof report>> {
  const child = spawn(process.execPath, [program, '--bug', bug, '--seed', String(seed), '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`the run with ${bug} gave no report`);
  return report.parse(JSON.parse(last));
}

/** Runs every bug; true when each was found by the invariant that it breaks. */
export async function proveAll({
  program,
  seed,
  print,
}: {
  program: string;
  seed: number;
  print(line: string): void;
}): Promise<boolean> {
  const rows: string[][] = [];
  let isProven = true;
  for (const { name, does, breaks } of BUGS) {
    const { findings, seconds } = await runWith(program, name, seed);
    const found = findings.filter(({ violationCount }) => violationCount > 0);
    const caught = found.find(({ invariant }) => invariant === breaks);
    isProven &&= caught !== undefined;
    rows.push([
      caught ? '✓' : '✗',
      name,
      does,
      found.map(({ invariant, violationCount }) => `${invariant} (${violationCount})`).join(' ') || 'nothing found',
      `${seconds.toFixed(0)} s`,
    ]);
    print(`${caught ? '✓' : '✗'} ${name}: ${caught?.violations[0] ?? 'not found'}`);
  }
  print('');
  for (const line of table(['', 'bug', 'what it does', 'found by (violations)', 'took'], rows)) print(line);
  print(isProven ? 'Every bug was found.' : 'Some bug was not found.');
  return isProven;
}
