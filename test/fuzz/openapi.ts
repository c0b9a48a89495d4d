import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import inventoryEvent from '../fixtures/events/inventory.json';
import { buildPrograms, startProgram } from '../integration/programs';
import setUp from '../servers/setup';
import tearDown from '../servers/teardown';
import { STOCK_CONNECTION, startStand } from '../stand/stand';

/**
 * A program: lets Schemathesis make requests out of the gateway's OpenAPI document, good ones and bad ones, and hold the answers
 * against it. Needs Schemathesis 4 (`python3 -m venv venv && venv/bin/pip install schemathesis`). Ends as Schemathesis does.
 *
 * node -r ./test/servers/typescript-hook.cjs test/fuzz/openapi.ts venv/bin/schemathesis --seed 42 --max-examples 200 \
 *   --exclude-checks positive_data_acceptance,unsupported_method
 *
 * The checks left out want that whatever fits the schema is taken (a quantity can fit and make no sense), and 405 for unknown methods.
 */
async function fuzz([command = 'schemathesis', ...options]: readonly string[]): Promise<number> {
  await buildPrograms();
  const stand = await startStand({ worker: false });
  const { keyId, key } = await stand.stores.keys.create({
    ...{ accountSlug: 'spykar', name: 'fuzz', connectionId: STOCK_CONNECTION },
  });
  await stand.post('/events/inventory', key, inventoryEvent);
  const gateway = startProgram('starter/main.js', stand);
  try {
    const url = z.string().parse((await gateway.logged('gateway listens')).address);
    const headers = [`x-api-key: ${key}`, `authUsername: ${keyId}`, `authPassword: ${key}`];
    // It keeps notes in the folder where it runs.
    const cwd = mkdtempSync(join(tmpdir(), 'schemathesis-'));
    const child = spawn(
      command.includes('/') ? resolve(command) : command,
      ['run', `${url}/openapi.json`, ...headers.flatMap((header) => ['--header', header]), ...options],
      { stdio: 'inherit', cwd },
    );
    const [code] = await once(child, 'close');
    return typeof code === 'number' ? code : 1;
  } finally {
    gateway.child.kill('SIGTERM');
    await gateway.ended;
    await stand.stop();
  }
}

async function main(): Promise<void> {
  await setUp();
  let code = 1;
  try {
    code = await fuzz(process.argv.slice(2));
  } finally {
    await tearDown();
  }
  process.exit(code);
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
