import { z } from 'zod';
import { inventorySyncWorkflowId } from '../../src/contracts/ids';
import { fetchHistory } from '../stand/histories';
import { type Scene, startScene } from '../stand/scene';
import { addShiphero } from '../stand/shiphero';
import { SHIPHERO_LOGIN } from '../stand/stand';
import { eventually } from '../stand/waiting';

const scheduled = z.object({
  activityTaskScheduledEventAttributes: z.object({
    activityType: z.object({ name: z.string() }),
    retryPolicy: z.object({ maximumAttempts: z.number().optional() }).optional(),
  }),
});

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());
beforeEach(() => scene.stand.shiphero.reset());

const stockOf = (prefix: string, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, index % 7]));

test('stock reaches the warehouse as one file, which is gone when the job has ended', async () => {
  const hero = await addShiphero(scene.stand, 3_001);
  const stock = stockOf('A', 40);
  const submissionId = await hero.send(stock);
  await hero.settled();
  expect(hero.shown()).toEqual(stock);
  expect((await hero.lines(submissionId)).map(({ status }) => status)).toEqual(Array(40).fill('success'));
  const [sync, ...more] = hero.syncs();
  expect(more).toEqual([]);
  const { fetches, violations, logins } = scene.stand.shiphero.state();
  expect(fetches).toMatchObject([{ status: 200, credentialsSent: false }]);
  expect(Object.entries(violations).filter(([, count]) => count > 0)).toEqual([]);
  expect(logins).toEqual({ [SHIPHERO_LOGIN.username]: 1 });
  await eventually('the file is gone', async () => ((await fetch(sync?.url ?? '')).status === 404 ? true : undefined));
});

test('each step of a job has the attempts of its own policy: it is looked at until its deadline, however often', async () => {
  const hero = await addShiphero(scene.stand, 3_004);
  await hero.send(stockOf('E', 20));
  await hero.settled();
  const { events } = await fetchHistory(scene.stand.client, inventorySyncWorkflowId(3_004));
  const attempts = events.flatMap((event) => {
    const { data } = scheduled.safeParse(event);
    if (!data) return [];
    const { activityType, retryPolicy } = data.activityTaskScheduledEventAttributes;
    return [[activityType.name, retryPolicy?.maximumAttempts ?? 0]];
  });
  expect(Object.fromEntries(attempts)).toMatchObject({ pushChunk: 3, readPushJob: 0, collectPushJob: 5 });
});

test('2,999 rows, a full file, with 30 bad ones: 2,969 delivered, 30 told with row and reason, for as many events as 30 rows', async () => {
  const { shiphero } = scene.stand;
  const large = await addShiphero(scene.stand, 3_002);
  const stock = stockOf('B', 2_999);
  const bad = Array.from({ length: 30 }, (_, index) => `B${index * 100}`);
  shiphero.setState({ knownSkus: Object.keys(stock).filter((sku) => !bad.includes(sku)), rowsPerSecond: 1_000 });
  const submissionId = await large.send(stock);
  await large.settled();
  const lines = await large.lines(submissionId);
  expect(lines.filter(({ status }) => status === 'success')).toHaveLength(2_969);
  const failed = lines.filter(({ status }) => status === 'error');
  expect(failed.map(({ listing, error }) => [listing, error])).toEqual(
    bad.map((sku) => [sku, 'SKU does not exist in this warehouse']),
  );
  expect(Object.keys(large.shown())).toHaveLength(2_969);
  const small = await addShiphero(scene.stand, 3_003);
  shiphero.setState({ knownSkus: Object.keys(stockOf('C', 29)) });
  await small.send(stockOf('C', 30));
  await small.settled();
  const isStep = /PushJob$|^pushChunk$/;
  const asked = async (id: number) => {
    await scene.stand.client.workflow.getHandle(inventorySyncWorkflowId(id)).result();
    const { events } = await fetchHistory(scene.stand.client, inventorySyncWorkflowId(id));
    const names = events.map((event) => scheduled.safeParse(event).data?.activityTaskScheduledEventAttributes);
    return names.flatMap((one) => (one && isStep.test(one.activityType.name) ? [one.activityType.name] : []));
  };
  // The first start finds no token; looks at a job that goes on leave no events.
  const once = ['pushChunk', 'pushChunk', 'readPushJob', 'collectPushJob'];
  expect(await asked(3_002)).toEqual(once);
  expect(await asked(3_003)).toEqual(once);
});
