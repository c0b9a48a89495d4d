import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { HomeActivities, ImportActivities } from '../../src/activities';
import { CSV_IMPORT_TASK_QUEUE, WORKFLOW_TASK_QUEUE } from '../../src/contracts/ids';
import type { CsvImportResult } from '../../src/contracts/inventory-sync';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes';
import type { CsvImportWorkflow } from '../../src/workflows';
import { timeSkippingEnvironment } from '../servers/servers';
import { workflowCode } from '../servers/workflow-code';

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  // The server that skips time is an old one, and the SDK says so for every worker.
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});

const STORED: CsvImportResult = { status: 'stored', submissionId: 's1', rows: 3, badRows: 0 };
const REFUSED: CsvImportResult = { status: 'refused', submissionId: null, rows: 0, badRows: 0 };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  const { INDEXED_VALUE_TYPE_KEYWORD } = temporal.api.enums.v1.IndexedValueType;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map(({ name }) => [name, INDEXED_VALUE_TYPE_KEYWORD])),
  });
});
afterAll(() => environment.teardown());

interface Played {
  result: CsvImportResult | 'the run was cancelled';
  refusals: string[];
  pokes: number;
  attempts: number;
  tookMs: number;
}

/** Runs one import whose attempts end as `attempt` says, by their number. */
async function play(
  workflowId: string,
  attempt: (count: number) => Promise<CsvImportResult>,
  poke: () => Promise<void> = async () => undefined,
  known: CsvImportResult = REFUSED,
): Promise<Played> {
  const refusals: string[] = [];
  let attempts = 0;
  let pokes = 0;
  const imports: Partial<ImportActivities> = {
    importCsv: async () => {
      attempts += 1;
      return attempt(attempts);
    },
  };
  const home: Partial<HomeActivities> = {
    async refuseImport({ reason }) {
      refusals.push(reason);
      return known;
    },
    async pokeConnection() {
      pokes += 1;
      await poke();
    },
  };
  const common = { connection: environment.nativeConnection };
  const [workflows, importer] = await Promise.all([
    Worker.create({ ...common, taskQueue: WORKFLOW_TASK_QUEUE, ...workflowCode(), activities: home }),
    Worker.create({ ...common, taskQueue: CSV_IMPORT_TASK_QUEUE, activities: imports }),
  ]);
  const importing = importer.run();
  try {
    return await workflows.runUntil(async () => {
      const handle = await environment.client.workflow.start<typeof CsvImportWorkflow>('CsvImportWorkflow', {
        workflowId,
        taskQueue: WORKFLOW_TASK_QUEUE,
        args: [{ syncId: 'sync', connectionId: 1, displayName: 'Shop' }],
      });
      const result = await handle.result().catch((error: unknown) => {
        if (error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure)
          return 'the run was cancelled' as const;
        throw error;
      });
      const { startTime, closeTime } = await handle.describe();
      const tookMs = (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
      return { result, refusals, pokes, attempts, tookMs };
    });
  } finally {
    importer.shutdown();
    await importing;
  }
}

const fail = (type: string, nextRetryDelay?: number): never => {
  throw ApplicationFailure.create({
    type,
    message: `${type} at files.example.com`,
    details: [{}],
    ...(nextRetryDelay === undefined ? {} : { nextRetryDelay }),
  });
};

test('a database that is away for ten minutes refuses nobody’s file', async () => {
  const startedMs = await environment.currentTimeMs();
  const played = await play('away', async () =>
    (await environment.currentTimeMs()) - startedMs < 600_000 ? fail('StoreUnavailable') : STORED,
  );
  expect(played).toMatchObject({ result: STORED, refusals: [], pokes: 1 });
  expect(played.tookMs).toBeGreaterThanOrEqual(600_000);
});

test('MySQL away and lost workers use up none of the attempts that the server has', async () => {
  const lots = [
    'StoreUnavailable',
    'AttemptLost',
    'AttemptLost',
    'AttemptLost',
    'ChannelUnavailable',
    'ChannelUnavailable',
  ];
  const played = await play('not-its-fault', async (count) => {
    const type = lots[count - 1];
    return type === undefined ? STORED : fail(type);
  });
  expect(played).toMatchObject({ result: STORED, attempts: lots.length + 1, refusals: [], pokes: 1 });
});

test('a file that loses its worker again and again is refused', async () => {
  const played = await play('kills', async () => fail('AttemptLost'));
  expect(played).toMatchObject({ result: REFUSED, attempts: 11, pokes: 0 });
  expect(played.refusals).toEqual(['the file could not be taken because of a fault on our side; it was logged']);
});

test('a server that asks us to wait is obeyed, and given up after three attempts', async () => {
  const played = await play('asks-to-wait', async () => fail('ChannelRateLimited', 300_000));
  expect(played).toMatchObject({ result: REFUSED, attempts: 3, pokes: 0 });
  expect(played.refusals).toEqual(['the file could not be fetched: ChannelRateLimited at files.example.com']);
  expect(played.tookMs).toBeGreaterThanOrEqual(600_000);
  expect(played.tookMs).toBeLessThan(660_000);
});

test('a fault of our own is told as one, without its words', async () => {
  const played = await play('own-fault', async () => {
    throw new TypeError('geheim is undefined');
  });
  expect(played).toMatchObject({ result: REFUSED, attempts: 3 });
  expect(played.refusals).toEqual(['the file could not be taken because of a fault on our side; it was logged']);
});

test('a connection that cannot be woken is left to the sweep', async () => {
  const played = await play(
    'not-woken',
    async () => STORED,
    async () => {
      throw new Error('there is no connection 1');
    },
  );
  expect(played).toMatchObject({ result: STORED, pokes: 5, refusals: [] });
});

test.each([
  ['while the file is fetched', false],
  ['when its rows are stored already', true],
])('a run that is cancelled %s tells whoever named the file', async (when, isStored) => {
  const workflowId = `cancelled ${when}`;
  const played = await play(
    workflowId,
    async () => {
      await environment.client.workflow.getHandle(workflowId).cancel();
      return fail('ChannelUnavailable');
    },
    undefined,
    isStored ? STORED : REFUSED,
  );
  expect(played).toMatchObject({ result: 'the run was cancelled', refusals: ['the import was cancelled by a person'] });
  expect(played.pokes).toBe(isStored ? 1 : 0);
});
