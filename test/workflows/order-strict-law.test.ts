import { ajioItem } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';

/** One connection for each answer that Ajio gives to its first cancel, with the source's law to the letter and without. */
const STATUSES = [400, 401, 403, 404, 408, 409, 429, 500] as const;
const nameOf = (kind: 'strict' | 'usual', status: number) => `${kind}-${status}`;
const numberOf = (name: string) => `O-${name}`;

let scene: Scene;
const runs: Record<string, string> = {};

beforeAll(async () => {
  scene = await startScene();
  const names = STATUSES.flatMap((status) => [nameOf('strict', status), nameOf('usual', status)]);
  scene.stand.ajio.setState({
    orders: Object.fromEntries(
      names.map((name) => [
        numberOf(name),
        { username: name, lines: { [ajioItem(numberOf(name), '1')]: { quantity: 1 } } },
      ]),
    ),
  });
  scene.stand.ajio.setFaults(
    names.map((account) => ({
      kind: 'status',
      status: Number(account.split('-')[1]),
      body: { message: 'Not now' },
      headers: { 'retry-after': '1' },
      times: 1,
      on: { account, method: 'POST' },
    })),
  );
  for (const name of names) {
    const tenant = await scene.tenants.add(name, { settings: { strictLaw: name.startsWith('strict') } });
    runs[name] = (await scene.send.order(tenant, { orderNumber: numberOf(name) })).workflowId;
  }
});
afterAll(() => scene.stop());

const statusesOf = (name: string) => scene.see.cancels(numberOf(name)).map(({ status }) => status);

test.each(STATUSES.filter((status) => status < 500 && status !== 401))(
  'strictLaw: a %d is logged and not tried again',
  async (status) => {
    const name = nameOf('strict', status);
    await scene.see.untilAttention(runs[name] ?? '', 'ajio_rejected');
    expect(statusesOf(name)).toEqual([status]);
    expect(scene.stand.failures).toContainEqual(
      expect.objectContaining({ type: 'ChannelRejected', message: expect.stringContaining(`answered ${status}`) }),
    );
  },
);

test.each(['strict', 'usual'] as const)(
  '%s: a 401 is tried again with a new token, and a 5xx is tried again',
  async (kind) => {
    for (const status of [401, 500]) {
      const name = nameOf(kind, status);
      await scene.see.untilOrder(runs[name] ?? '', 'done');
      expect(statusesOf(name)).toEqual([status, 200]);
    }
  },
);

test.each([408, 429])('otherwise a %d is tried again', async (status) => {
  const name = nameOf('usual', status);
  await scene.see.untilOrder(runs[name] ?? '', 'done');
  expect(statusesOf(name)).toEqual([status, 200]);
});
