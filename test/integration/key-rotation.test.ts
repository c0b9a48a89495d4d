import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { keyIdOf } from '../../src/store/secret-box';
import { createSender } from '../stand/events';
import { type Scene, startScene } from '../stand/scene';
import { eventually } from '../stand/waiting';
import { buildPrograms, type Program, startProgram, stopProgram } from './programs';

jest.setTimeout(1_800_000);

const OLD = Buffer.alloc(32, 7);
const NEW = Buffer.alloc(32, 8);
const POST_EVERY_MS = 250;
const ORDER_EVERY = 4;
/** An order whose token has died has so long to use the next one: after three in a row it asks a person. */
const TOKENS_DIE_EVERY_MS = 5_000;

let scene: Scene;
const programs: Program[] = [];
beforeAll(async () => {
  await buildPrograms();
  scene = await startScene({ worker: false });
});
afterAll(async () => {
  for (const { child, ended } of programs) {
    child.kill('SIGKILL');
    await ended;
  }
  await scene.stop();
});

/** The keys of a process: the one to seal with, then those that only open. */
const keys = (current: Buffer, ...readable: Buffer[]) => ({
  CREDENTIALS_KEY: current.toString('base64'),
  CREDENTIALS_READ_KEYS: readable.map((key) => key.toString('base64')).join(','),
});

function start(path: string, environment: Record<string, string>, args: readonly string[] = []): Program {
  const program = startProgram(path, scene.stand, environment, args);
  programs.push(program);
  return program;
}

/** A gateway and two workers that are replaced one by one, as a deployment does it. */
function createFleet() {
  let gatewayUrl = '';
  let running: Program[] = [];
  return {
    url: () => gatewayUrl,
    async deploy(environment: Record<string, string>): Promise<void> {
      const before = running;
      running = [];
      for (const [index, path] of ['starter/main.js', 'worker.js', 'worker.js'].entries()) {
        const program = start(path, environment);
        running.push(program);
        if (path === 'worker.js') await program.logged('worker runs');
        else gatewayUrl = z.string().parse((await program.logged('gateway listens')).address);
        const replaced = before[index];
        if (replaced) await stopProgram(replaced);
      }
    },
  };
}

const rotation = z.object({ renewed: z.number(), current: z.number(), failed: z.number() });
const counts = z.object({
  keys: z.array(z.object({ keyId: z.string(), role: z.string(), credentials: z.number(), tokens: z.number() })),
});

async function credentials<T>(answer: z.ZodType<T>, command: string, environment: Record<string, string>): Promise<T> {
  const program = start('cli/main.js', environment, ['credentials', command, '--json']);
  expect([await program.ended, program.output()]).toEqual([[0, null], expect.stringMatching(/^\{/)]);
  return answer.parse(JSON.parse(program.output()));
}

test('the key is replaced while processes work, tokens die and nobody waits', async () => {
  const { see, stand, tenants } = scene;
  const tenant = await tenants.add('rotation');
  const fleet = createFleet();
  await fleet.deploy(keys(OLD));
  const send = createSender({
    // A gateway that is being replaced may close the connection, or answer 503, before it has read the request.
    post: (path, key, body) =>
      eventually('a gateway that takes it', async () => {
        const response = await fetch(`${fleet.url()}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-api-key': key },
          body: JSON.stringify(body),
        }).catch(() => undefined);
        const answer = await response?.json().catch(() => undefined);
        return response && response.status !== 503 ? { status: response.status, body: answer } : undefined;
      }),
  });

  let isOver = false;
  let sent = 0;
  const orders: string[] = [];
  const sending = (async () => {
    for (; !isOver; await delay(POST_EVERY_MS)) {
      sent += 1;
      const publishedAt = new Date(Date.UTC(2025, 0, 10, 0, 0, sent)).toISOString().slice(0, 19).replace('T', ' ');
      await send.stock(tenant, { messageId: `m${sent}`, stock: { V1: sent }, publishedAt });
      if (sent % ORDER_EVERY !== 0) continue;
      orders.push(`O-rotation-${sent}`);
      await send.order(tenant, { orderNumber: `O-rotation-${sent}` });
    }
  })();
  // Only a token that is known to have worked: one that is refused before anybody has used it stops its connection.
  const kill = async (twin: typeof stand.ajio | typeof stand.eshopbox, connectionId: number) => {
    const { connections, workingTokens } = stand.stores;
    const generation = (await connections.find(connectionId))?.tokenGeneration ?? 0;
    // The one that it began with is generation 0, of which no note is made, and which costs a login at most.
    if (generation > 0 && !(await workingTokens.has(connectionId, generation))) return;
    const log = twin.log();
    const since = log.slice(1 + log.findLastIndex(({ path }) => /authToken|generateToken/.test(path)));
    if (since.some(({ status }) => status === 200)) twin.expireTokens();
  };
  const dying = (async () => {
    for (; !isOver; await delay(TOKENS_DIE_EVERY_MS)) {
      await kill(stand.ajio, tenant.connectionId);
      await kill(stand.eshopbox, tenant.wmsConnectionId);
    }
  })();
  const loginsUntilNow = () => see.logins(tenant).length;
  const untilNextLogin = async () => {
    const before = loginsUntilNow();
    await eventually('another login', () => (loginsUntilNow() > before ? true : undefined));
  };
  try {
    // The steps of docs/operations.md, with logins that store tokens between and beside them.
    await untilNextLogin();
    await fleet.deploy(keys(OLD, NEW));
    await untilNextLogin();
    await fleet.deploy(keys(NEW, OLD));
    expect(await credentials(rotation, 'rotate', keys(NEW, OLD))).toMatchObject({ failed: 0 });
    await untilNextLogin();
    const { keys: left } = await credentials(counts, 'status', keys(NEW, OLD));
    expect(left.filter(({ keyId }) => keyId === keyIdOf(OLD))).toEqual([
      { keyId: keyIdOf(OLD), role: 'only opens', credentials: 0, tokens: 0 },
    ]);
    await fleet.deploy(keys(NEW));
    await untilNextLogin();
    await eventually('eleven orders are sent', () => (orders.length > 10 ? true : undefined));
  } finally {
    isOver = true;
    await Promise.all([sending, dying]);
  }

  await eventually('the newest stock is shown', () => (see.shownStock(tenant).V1 === sent ? true : undefined));
  await eventually('every order is cancelled on both sides', () =>
    orders.every((order) => see.wmsCancels(order).some(({ status }) => status === 200)) ? true : undefined,
  );
  const applied = orders.map((order) => see.cancels(order).flatMap((call) => call.applied).length);
  expect(applied).toEqual(orders.map(() => 1));
  // Nobody met a value that it could not open, and no login was refused.
  const problems = programs.flatMap(({ output }) =>
    output()
      .split('\n')
      .filter((line) => /sealed with key|"type":"(InputInvalid|InvariantBroken)"/.test(line)),
  );
  expect(problems).toEqual([]);
  expect((await stand.stores.connections.list()).map(({ status }) => status)).not.toContain('needs_reauth');
});
