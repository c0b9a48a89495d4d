import type { JobInventoryWriter } from '../../src/connectors/ports';
import type { StockLine } from '../../src/contracts/stock';
import type { Twin } from '../../src/twins/twin';
import { failureOfCall } from './connector-failure';
import { type ConnectorUnderTest, type Opened, present } from './connector-under-test';
import type { Operation } from './operations';

/** What a writer that works through jobs can be asked; every one of them is one request. */
export function jobOperations<T extends Twin>({ connector, job }: ConnectorUnderTest<T>): Operation[] {
  const token = { needsToken: connector.capabilities.includes('tokenIssuer') };
  const read = { isWrite: false, isRepeatable: true, ...token };
  const writer = ({ capabilities }: Opened): JobInventoryWriter => present(capabilities.jobInventoryWriter);
  const { fileUrl, jobId } = job ?? { fileUrl: '', jobId: '' };
  return [
    {
      name: 'startJob',
      run: (opened) => writer(opened).startJob(fileUrl, opened.call),
      ...{ isWrite: true, isRepeatable: false, isDoubtful: true, ...token },
    },
    { name: 'findJob', run: (opened) => writer(opened).findJob(fileUrl, opened.call), ...read },
    { name: 'readJob', run: (opened) => writer(opened).readJob(jobId, opened.call), ...read },
    {
      name: 'readVerdicts',
      run: (opened) => writer(opened).readVerdicts({ jobId, only: 'all', cursor: null }, opened.call),
      ...read,
    },
    {
      name: 'stopJob',
      run: (opened) => writer(opened).stopJob(jobId, 'a test', opened.call),
      ...{ isWrite: true, isRepeatable: true, ...token },
    },
  ];
}

/** What holds for the file of every such writer. */
export function describeJobFiles(
  displayName: string,
  { lines, maxLines }: { lines(count: number): StockLine[]; maxLines: number },
  writerOf: () => JobInventoryWriter,
): void {
  describe(`${displayName}, files`, () => {
    it('hold a row for every line, up to the ceiling, and are the same for the same lines', () => {
      const writer = writerOf();
      expect(writer.batchSize).toBeLessThanOrEqual(maxLines);
      const file = writer.fileOf(lines(maxLines));
      expect(file.text.split('\n').filter((row) => row !== '')).toHaveLength(maxLines + 1);
      expect(writer.fileOf(lines(maxLines))).toEqual(file);
    });

    it('cost something known, in requests that are charged for', () => {
      const { credits, deadlineMs } = writerOf();
      for (const cost of Object.values(credits)) expect(cost).toBeGreaterThan(0);
      expect(deadlineMs).toBeGreaterThan(0);
    });

    it.each<[string, StockLine[]]>([
      ['no lines', []],
      ['lines above the ceiling', lines(maxLines + 1)],
      ['a listing twice', [...lines(1), ...lines(1)]],
      ['half a piece', lines(1).map((line) => ({ ...line, quantity: 0.5 }))],
      ['less than nothing', lines(1).map((line) => ({ ...line, quantity: -1 }))],
    ])('are not made of %s', async (_name, bad) => {
      const failure = await failureOfCall((async () => writerOf().fileOf(bad))());
      expect(failure).toMatchObject({ type: 'InvariantBroken', mayStillApply: false });
    });
  });
}
