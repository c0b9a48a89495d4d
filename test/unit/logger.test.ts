import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const HOOK = join(__dirname, '../twins/typescript-hook.cjs');
const LOGGER = join(__dirname, '../../src/observability/logger.ts');

/** The lines that a process writes which logs each of the things given. */
async function linesOf(things: readonly object[], level = 'info'): Promise<Record<string, unknown>[]> {
  const script = `const log = require(${JSON.stringify(LOGGER)}).createLogger('test', '${level}');
    for (const thing of ${JSON.stringify(things)}) log.info(thing, 'said');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-r', HOOK, '-e', script]);
  const line = z.record(z.string(), z.unknown());
  return stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => line.parse(JSON.parse(text)));
}

const SECRETS = {
  password: 'CANARY',
  accessToken: 'CANARY',
  access_token: 'CANARY',
  refreshToken: 'CANARY',
  refresh_token: 'CANARY',
  apiKey: 'CANARY',
  client_secret: 'CANARY',
  credentials: { username: 'CANARY' },
  inputFields: 'CANARY',
  authorization: 'CANARY',
  'x-api-key': 'CANARY',
  shippingAddress: { city: 'CANARY' },
  billingAddress: { city: 'CANARY' },
  email: 'CANARY',
  customerName: 'CANARY',
};

it('censors every secret name at every depth that is logged', async () => {
  const lines = await linesOf([SECRETS, { a: SECRETS }, { a: { b: SECRETS } }, { list: [SECRETS] }]);
  expect(lines).toHaveLength(4);
  expect(JSON.stringify(lines)).not.toContain('CANARY');
  expect(lines[0]).toMatchObject({ password: '[redacted]', 'x-api-key': '[redacted]', credentials: '[redacted]' });
});

it('writes lines of JSON with a name, a readable time and what is harmless', async () => {
  const [line] = await linesOf([{ connectionId: 294 }]);
  expect(line).toMatchObject({
    name: 'test',
    connectionId: 294,
    msg: 'said',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

it('says nothing below its level', async () => {
  expect(await linesOf([{ a: 1 }], 'warn')).toEqual([]);
});
