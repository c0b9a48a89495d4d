import { Client, Connection } from '@temporalio/client';
import { inventorySyncWorkflowId, WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import { storeSubmissions } from '../../src/store/intake';
import { openStores, type Stores } from '../../src/store/stores';
import { freshDatabase, freshNamespace, leaveNamespace } from '../servers/servers';
import { leave } from '../store/lanes';
import { type CliRun, cliOn, jsonOf } from './cli-runner';

const { address, namespace } = freshNamespace();
const AJIO = { username: 'u', password: 'canary-secret' };
const PLACE = { externalChannelId: 'CH1', externalWarehouseId: null, locationId: 'POB1', settings: {} };

let database: Awaited<ReturnType<typeof freshDatabase>>;
let stores: Stores;
let temporal: Connection;
let client: Client;
let environment: Record<string, string>;
let cli: (args: readonly string[], stdin?: string) => Promise<CliRun>;
let person: (args: readonly string[], stdin?: string) => Promise<CliRun>;

beforeAll(async () => {
  database = await freshDatabase();
  temporal = await Connection.connect({ address });
  client = new Client({ connection: temporal, namespace });
  stores = openStores({ mysqlUrl: database.url, credentialsKey: undefined });
  environment = { MYSQL_URL: database.url, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  cli = cliOn(environment);
  person = cliOn(environment, { isInteractive: true });
  expect((await cli(['setup'])).code).toBe(0);
  for (const id of [294, 295, 296, 297])
    await stores.connections.insert({ ...PLACE, id, channel: 'ajio', accountSlug: 'spykar', credentials: AJIO });
});

afterAll(async () => {
  await leaveNamespace({ address, namespace });
  await Promise.all([stores.close(), temporal.close()]);
  await database.drop();
});

const storeStock = (connectionId: number) =>
  storeSubmissions(stores.db, [
    {
      ...{ connectionId, accountSlug: 'spykar', source: 'wms', messageId: 'm-1', publishedAtMs: 1_000 },
      ...{ levelLocationId: 'POB1', sumLocations: false },
      lines: ['P/1', 'P/2'].map((listing, index) => ({ row: index + 1, listing, locationId: 'POB1', quantity: index })),
    },
  ]);

describe('connections set', () => {
  it('changes settings and fields, and shows what was before and what is after', async () => {
    const { code, out } = await cli([
      ...[
        'connections',
        'set',
        '294',
        'batchSize=25',
        'timeZone=UTC',
        'location=POB2',
        'settings.requestsPerMinute=60',
      ],
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^batchSize +20 +25$/m);
    expect(out).toMatch(/^timeZone +Asia\/Kolkata +UTC$/m);
    expect(out).toMatch(/^location +POB1 +POB2$/m);
    expect(out).toMatch(/^settings\.requestsPerMinute +– +60$/m);
    expect(out).toContain('retry --attention ajio_misconfigured --connection 294');
    expect(await stores.connections.find(294)).toMatchObject({
      ...{ locationId: 'POB2', externalChannelId: 'CH1', credentials: AJIO, status: 'active' },
      settings: { batchSize: 25, timeZone: 'UTC', requestsPerMinute: 60 },
    });
  });

  it('takes back with --reset, and changes nothing with --dry-run', async () => {
    const reset = ['connections', 'set', '294', '--reset', 'batchSize', 'location', '--json'];
    const told = {
      changes: [
        { key: 'batchSize', before: 25, after: 20 },
        { key: 'location', before: 'POB2', after: null },
      ],
    };
    expect(jsonOf(await cli([...reset, '--dry-run']))).toMatchObject({ ...told, dryRun: true });
    expect(await stores.connections.find(294)).toMatchObject({ locationId: 'POB2', settings: { batchSize: 25 } });
    expect(jsonOf(await cli(reset))).toMatchObject(told);
    const after = await stores.connections.find(294);
    expect(after).toMatchObject({ locationId: null, settings: { timeZone: 'UTC' } });
    expect(after?.settings).not.toHaveProperty('batchSize');
  });

  it.each([
    [['batchSize=51'], 'settings.batchSize: '],
    [['batchSize=many'], 'settings.batchSize: '],
    [['timeZone=Mars'], 'settings.timeZone: is not an IANA time zone'],
    [['batchsize=1'], 'batchsize: Ajio has no such setting'],
    [['password=canary-secret'], 'password: is a credential: use `connections restore <id> --credentials-stdin`'],
  ])('refuses %j by the name of the field, and changes nothing', async (changes, words) => {
    const before = await stores.connections.find(294);
    const { code, out, err } = await cli(['connections', 'set', '294', ...changes]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(words);
    expect(err).not.toContain('canary-secret');
    expect(await stores.connections.find(294)).toEqual(before);
  });

  it('mends settings that were no object', async () => {
    await stores.db.change("UPDATE connections SET settings = 'no json' WHERE id = 297");
    expect((await cli(['connections', 'set', '297', 'batchSize=5'])).code).toBe(0);
    expect((await stores.connections.find(297))?.settings).toEqual({ batchSize: 5 });
  });
});

describe('connections remove', () => {
  it('asks, and removes nothing without a yes', async () => {
    expect(await cli(['connections', 'remove', '297'])).toMatchObject({
      code: 2,
      err: '✗ nobody can be asked here: add --yes\n',
    });
    const no = await person(['connections', 'remove', '297'], '\n');
    expect(no).toMatchObject({ code: 1, out: 'Nothing was removed.\n' });
    expect(no.err).toBe('Remove connection 297 (ajio, spykar) with its credentials? [y/N] ');
    expect(await stores.connections.find(297)).toBeDefined();
    const yes = await person(['connections', 'remove', '297'], 'y\n');
    expect(yes).toMatchObject({ code: 0, out: expect.stringContaining('Kept: stock levels, submissions') });
    expect(await stores.connections.find(297)).toBeUndefined();
    expect((await cli(['connections', 'remove', '297', '--yes'])).err).toBe('✗ there is no connection 297\n');
  });

  it('refuses while stock waits, and with --force gives it up, ends the run and keeps the history', async () => {
    const [stored] = await storeStock(295);
    const push = await leave(stores.pushes, { connectionId: 295, batchSize: 1 });
    await stores.workingTokens.note(295, 1);
    const { keyId } = await stores.keys.create({ accountSlug: 'spykar', name: 'bound', connectionId: 295 });
    const workflowId = inventorySyncWorkflowId(295);
    await client.workflow.start('InventorySyncWorkflow', { workflowId, taskQueue: WORKFLOW_TASK_QUEUE });
    const refused = await cli(['connections', 'remove', '295', '--yes']);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('2 stock lines to be sent') });
    expect(await stores.connections.find(295)).toBeDefined();

    const forced = await cli(['connections', 'remove', '295', '--yes', '--force']);
    expect(forced).toMatchObject({ code: 0, err: '' });
    expect(forced.out).toContain('2 waiting lines given up.\n');
    expect(forced.out).toContain(`The run ${workflowId} is cancelled.\n`);
    expect(forced.out).toContain(`keys revoke ${keyId}`);
    expect(await stores.connections.find(295)).toBeUndefined();
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    expect(history.events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes)).toBe(true);
    expect(await stores.levels.countByState(295)).toEqual({ rejected: 2 });
    expect((await stores.levels.find(295, 'P/1'))[0]?.lastError).toBe('the connection was removed before it was sent');
    expect(await stores.submissions.find(stored?.submissionId ?? '', 'spykar')).toMatchObject({
      status: 'error',
      errorCount: 2,
    });
    expect(await stores.pushes.find(push?.pushId ?? '')).toMatchObject({ isOpen: false, result: { accepted: 0 } });
    // Under the same id another connection begins anew, and what was given up does not go out.
    expect(await stores.workingTokens.has(295, 1)).toBe(false);
    await stores.connections.insert({ ...PLACE, id: 295, channel: 'ajio', accountSlug: 'spykar', credentials: AJIO });
    expect(await leave(stores.pushes, { connectionId: 295 })).toBeUndefined();
  });

  it('refuses while an order runs on either side, and with --force says which will ask', async () => {
    await stores.orders.store({
      ...{
        workflowId: 'order-1',
        accountSlug: 'spykar',
        connectionId: 294,
        wmsConnectionId: 296,
        externalChannelId: 'CH1',
      },
      ...{ workflowIdOfMore: () => 'more', orderNumber: 'O-1', vendorOrderNumber: null },
      lines: [{ lineItemSequenceNumber: '1', orderItemId: 'o', itemId: 'i', marketplaceItemId: 'm', quantity: 1 }],
    });
    for (const id of ['294', '296']) {
      const { code, err } = await cli(['connections', 'remove', id, '--yes']);
      expect({ code, err }).toEqual({
        code: 1,
        err: `✗ connection ${id} still has work: wait, or give it up with --force\n  1 order: order-1\n`,
      });
    }
    const asked = await person(['connections', 'remove', '296', '--force'], 'yes\n');
    expect(asked.err).toContain('It still has work: 1 order: order-1.');
    expect(asked.out).toContain('1 order will ask for somebody: order-1\n');
    expect(asked.out).toContain('`give-up --connection 296`');
    expect(await stores.orders.findByWorkflow('order-1')).toMatchObject({ wmsConnectionId: 296, status: 'stored' });
  });

  it('says which run may be open when Temporal is away', async () => {
    const away = cliOn({ ...environment, TEMPORAL_ADDRESS: '127.0.0.1:1' });
    const { code, out } = await away(['connections', 'remove', '295', '--yes']);
    expect(code).toBe(1);
    expect(out).toContain('Connection 295 (ajio, spykar) is removed');
    expect(out).toContain('✗ The run inventory-sync/295 may still be open (Temporal does not answer at 127.0.0.1:1');
  });
});
