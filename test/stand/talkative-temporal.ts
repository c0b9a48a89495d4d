import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes';
import { startGuardian } from '../../src/local/supervisor';
import { findTemporal } from '../../src/local/temporal-binary';
import { startPrivateTemporal } from '../../src/local/temporal-server';

const CACHE = join(__dirname, '../../.stockbridge/cache');
const NAMESPACE = 'default';

/** A Temporal of one's own that suggests to go on in a new run after so many events, instead of after some thousand. */
export async function startTalkativeTemporal(suggestedEvents: number) {
  const folder = join(tmpdir(), `stockbridge-talkative-${randomBytes(4).toString('hex')}`);
  const guardian = await startGuardian({ runFolder: join(folder, 'run'), logFolder: join(folder, 'logs') });
  const stop = async (): Promise<void> => {
    await guardian.end();
    rmSync(folder, { recursive: true, force: true });
  };
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  try {
    const { address } = await startPrivateTemporal({
      guardian,
      findBinary: () => findTemporal({ cacheFolder: CACHE, log }),
      namespaces: [NAMESPACE],
      searchAttributes: SEARCH_ATTRIBUTES.map(({ name }) => name),
      withUi: false,
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': suggestedEvents },
    });
    return { address, namespace: NAMESPACE, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
