import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createSender, type Sender, type Tally } from './load';

/** How a sender sends: as fast as it is answered, or so many a second. */
type Work = { sender: Sender; seconds: number; perSecond?: number };

/** A sender in a thread of its own, so that nothing else of the program slows it or waits for it. */
export function runSender(work: Work): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const hook = join(__dirname, '../servers/typescript-hook.cjs');
    const worker = new Worker(__filename, { workerData: work, execArgv: ['-r', hook] });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function main({ sender, seconds, perSecond }: Work): Promise<void> {
  const own = createSender(sender);
  const tally = perSecond === undefined ? await own.saturate(seconds) : await own.flood(perSecond, seconds);
  own.close();
  parentPort?.postMessage(tally);
}

if (!isMainThread) void main(workerData);
