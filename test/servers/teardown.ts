import { rmSync } from 'node:fs';
import './setup';

/** Stops the servers of the global set-up and removes their folder. */
async function tearDown(): Promise<void> {
  const servers = globalThis.stockbridgeTestServers;
  if (!servers) return;
  await servers.guardian.end();
  rmSync(servers.folder, { recursive: true, force: true });
}

export default tearDown;
