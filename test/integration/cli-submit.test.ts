import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Scene, startScene } from '../stand/scene';
import type { Tenant } from '../stand/tenants';
import { type CliRun, cliOn, jsonOf } from './cli-runner';

let scene: Scene;
let tenant: Tenant;
let folder: string;
let cli: (args: readonly string[], stdin?: string) => Promise<CliRun>;

beforeAll(async () => {
  scene = await startScene();
  const { stand } = scene;
  tenant = await scene.tenants.add('csv-sender', { settings: { batchSize: 50 } });
  folder = await mkdtemp(join(tmpdir(), 'stockbridge-submit-'));
  cli = cliOn({
    MYSQL_URL: stand.mysqlUrl,
    TEMPORAL_ADDRESS: stand.temporalAddress,
    TEMPORAL_NAMESPACE: stand.namespace,
    CREDENTIALS_KEY: Buffer.alloc(32, 7).toString('base64'),
  });
});
afterAll(async () => {
  await scene.stop();
  await rm(folder, { recursive: true });
});
afterEach(() => scene.stand.ajio.clearFaults());

const shown = () => scene.stand.ajio.state().stock[tenant.slug] ?? {};
const submit = (file: string, ...more: string[]) =>
  cli(['submit', file, '--connection', String(tenant.connectionId), ...more]);

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const refuse = (lines: string[]) =>
  scene.stand.ajio.setFaults([
    {
      on: { account: tenant.slug, path: '/updateInventory' },
      kind: 'fail-lines',
      lines,
      message: '=Product not found',
    },
  ]);

it('delivers a file, tells the verdicts and writes the failed rows, which go through once corrected', async () => {
  refuse(['P/bad']);
  const file = await fileOf('stock.csv', 'sku,quantity,note\nP/001,5,keep\nP/bad,6,"a,b"\nP/half,1.5,\nP/001,7,last\n');
  const first = await submit(file);
  expect(first.code).toBe(1);
  expect(first.err).toMatch(
    /^Submission \w{26}: 4 rows stored for connection \d+\.\nColumns that are not read: note\n/,
  );
  expect(first.err).toMatch(/4 of 4 lines decided, 2 failed\n$/);
  expect(first.out).toMatch(/^status +error\naccepted +1\nfailed +2\nsuperseded +1\nopen +0$/m);
  expect(first.out).toContain('  row 3: quantity: is not a whole number\n');
  const failedFile = `${file}.failed.csv`;
  expect(first.out).toContain(`The failed rows are in ${failedFile}: correct them and submit that file.`);
  expect(shown()).toEqual({ 'P/001': 7 });
  const kept = await scene.stand.stores.db.select('SELECT code, reason FROM submission_rows ORDER BY rowNumber');
  expect(kept).toEqual(['P/001', 'P/bad', 'P/half', 'P/001'].map((code) => ({ code, reason: '' })));

  const failed = await readFile(failedFile, 'utf8');
  const [header, bad = '', half = ''] = failed.trimEnd().split('\r\n');
  expect(header).toBe('sku,quantity,note,error');
  expect(bad).toMatch(/^P\/bad,6,"a,b",'=Product not found/);
  expect(half).toBe('P/half,1.5,,quantity: is not a whole number');

  const unforced = await submit(file);
  expect(unforced).toMatchObject({ code: 1, out: '' });
  expect(unforced.err).toBe(`✗ ${failedFile} is there already: --force overwrites it, --failed names another\n`);

  scene.stand.ajio.clearFaults();
  await writeFile(failedFile, failed.replace('P/half,1.5', 'P/half,2'));
  const second = await submit(failedFile);
  expect(second.code).toBe(0);
  expect(second.out).toMatch(/^status +success\naccepted +2\nfailed +0$/m);
  expect(second.err).toContain('Columns that are not read: note\n');
  expect(shown()).toEqual({ 'P/001': 7, 'P/bad': 6, 'P/half': 2 });
});

it('reads standard input, answers in JSON and nothing else, and writes failed rows where it is told', async () => {
  refuse(['Q/bad']);
  const failed = join(folder, 'of-stdin.csv');
  const line = ['submit', '-', '--connection', String(tenant.connectionId), '--json'];
  const run = await cli([...line, '--failed', failed], 'sku,quantity\nQ/good,1\n\nQ/bad,2\n');
  expect({ code: run.code, err: run.err }).toEqual({ code: 1, err: '' });
  expect(jsonOf(run)).toEqual({
    submissionId: expect.stringMatching(/^\w{26}$/),
    connectionId: tenant.connectionId,
    status: 'error',
    counts: { total: 2, accepted: 1, failed: 1, superseded: 0, open: 0 },
    poked: true,
    ignoredColumns: [],
    failedRows: [{ row: 3, error: expect.stringContaining('Product not found') }],
    openRows: [],
    failedFile: failed,
  });
  expect(await readFile(failed, 'utf8')).toMatch(/^sku,quantity,error\r\nQ\/bad,2,'=Product not found/);
  const unnamed = await cli(line, 'sku,quantity\nQ/bad,-1\n');
  expect(jsonOf(unnamed)).toMatchObject({ counts: { failed: 1 }, failedFile: null, poked: false });
});

it('delivers 3,000 rows with 30 bad ones', async () => {
  const rows = Array.from({ length: 3_000 }, (_, index) => `R/${index},${index % 100 === 99 ? 'x' : index}`);
  const file = await fileOf('large.csv', `sku,quantity\n${rows.join('\n')}\n`);
  const run = await submit(file, '--json');
  expect(jsonOf(run)).toMatchObject({ counts: { total: 3_000, accepted: 2_970, failed: 30, open: 0 } });
  const failed = (await readFile(`${file}.failed.csv`, 'utf8')).trimEnd().split('\r\n');
  expect(failed).toHaveLength(31);
  expect(failed[30]).toBe('R/2999,x,quantity: is not a number');
  expect(Object.keys(shown()).filter((listing) => listing.startsWith('R/'))).toHaveLength(2_970);
});

it('names the submission when the failed rows cannot be written', async () => {
  const file = await fileOf('unwritable.csv', 'sku,quantity\nU/1,x\n');
  const run = await submit(file, '--json', '--failed', join(folder, 'no', 'failed.csv'));
  expect(run.code).toBe(1);
  expect(jsonOf(run)).toEqual({
    error: {
      message: expect.stringMatching(
        /^submission \w{26} is stored, but its 1 failed row could not be written: .+ENOENT$/,
      ),
      submissionId: expect.stringMatching(/^\w{26}$/),
    },
  });
});

it('ends when the time is over and says what is open', async () => {
  scene.stand.ajio.setFaults([{ on: { account: tenant.slug, path: '/updateInventory' }, kind: 'status', status: 503 }]);
  const file = await fileOf('slow.csv', 'sku,quantity\nS/1,1\n');
  const run = await submit(file, '--timeout', '1');
  expect(run.code).toBe(1);
  expect(run.out).toMatch(/^open +1$/m);
  expect(run.out).toMatch(/^1 row open: the sync: inventory-sync\/\d+ is open/m);
  expect(run.out).toContain('  row 1: S/1\n');
  await expect(readFile(`${file}.failed.csv`)).rejects.toThrow('ENOENT');
});

it('returns at once with --no-wait, and on a connection that sends nothing', async () => {
  const paused = await scene.tenants.add('csv-paused');
  await scene.tenants.setStatus(paused, 'paused');
  const file = await fileOf('paused.csv', 'sku,quantity\nT/1,1\n');
  const line = ['submit', file, '--connection', String(paused.connectionId)];
  const stored = await cli([...line, '--no-wait']);
  expect(stored.code).toBe(0);
  expect(stored.err).toContain(`they wait for \`connections resume ${paused.connectionId}\``);
  expect(stored.out).toMatch(/^status +pending$/m);
  const waiting = await cli(line);
  expect(waiting.code).toBe(1);
  expect(waiting.out).toContain('1 row open: The connection is paused');
});

it('stores nothing of a file that cannot be taken, or for a connection that takes no stock', async () => {
  const count = async () => (await scene.stand.stores.db.select('SELECT id FROM submissions')).length;
  const before = await count();
  const file = await fileOf('no-header.csv', 'P/1,5\n');
  expect((await submit(file)).err).toBe(
    '✗ the first line has to name the columns, and sku and quantity are missing (it has: P/1 | 5)\n',
  );
  expect((await submit(join(folder, 'nowhere.csv'))).err).toBe(`✗ ${join(folder, 'nowhere.csv')}: ENOENT\n`);
  const many = await fileOf('many.csv', `sku,quantity\n${'P/1,1\n'.repeat(3_001)}`);
  expect((await submit(many)).err).toBe('✗ the file has more than 3000 rows: nothing of it was stored\n');
  const wms = await cli(['submit', file, '--connection', String(tenant.wmsConnectionId)]);
  expect([wms.code, wms.err]).toEqual([1, `✗ connection ${tenant.wmsConnectionId}: Eshopbox takes no stock\n`]);
  expect(await count()).toBe(before);
});
