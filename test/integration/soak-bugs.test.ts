import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUGS } from '../../src/soak/bugs';
import { applyEdits, copyBuild } from '../../src/soak/patch';
import { buildPrograms } from './programs';

const DIST = join(__dirname, '../../dist');

beforeAll(async () => {
  await buildPrograms();
});

test('there are ten bugs, each with a name of its own and the invariant that it breaks', () => {
  expect(BUGS).toHaveLength(10);
  expect(new Set(BUGS.map(({ name }) => name)).size).toBe(10);
  for (const { breaks } of BUGS) expect(breaks).toMatch(/^I[1-9]$/);
});

test.each(BUGS.map(({ name, edits }) => [name, edits] as const))(
  '%s can be put into the build as it is today',
  (_name, edits) => {
    const folder = mkdtempSync(join(tmpdir(), 'bug-'));
    try {
      copyBuild(DIST, folder);
      applyEdits(folder, edits);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
