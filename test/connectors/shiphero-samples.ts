import { shipheroConnector } from '../../src/connectors/shiphero';
import type { Connection } from '../../src/contracts/connection';
import { listingOf } from '../../src/contracts/ids';
import type { StockLine } from '../../src/contracts/stock';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { startSync, USER, WAREHOUSE } from '../twins/shiphero-calls';
import type { ConnectorUnderTest } from './connector-under-test';
import { sampleConnection } from './samples';

/** What the twin takes as it starts. */
export const SHIPHERO_ACCOUNT = { username: USER, password: 'demo-password' };

export const shipheroConnection = (changes: Partial<Connection> = {}): Connection =>
  sampleConnection({
    channel: 'shiphero',
    credentials: SHIPHERO_ACCOUNT,
    settings: { warehouseId: WAREHOUSE },
    ...changes,
  });

/** Lines of SKUs S1, S2, … with 0, 1, … pieces. */
export const shipheroLines = (count: number): StockLine[] =>
  Array.from({ length: count }, (_nothing, index) => ({ listing: listingOf(`S${index + 1}`), quantity: index }));

const JOB = { fileUrl: 'https://files.example.com/stock/5e4dac71.csv', jobId: '5d9624b054de070001fd315a' };

/** ShipHero as the conformance suite asks for it. */
export const shipheroSuite: ConnectorUnderTest<ShipheroTwin> = {
  connector: shipheroConnector,
  // Nothing is downloaded while a sync waits.
  startTwin: () => startShipheroTwin({ startDelayMs: 3_600_000 }),
  endpoints: (twin) => ({ SHIPHERO_BASE_URL: twin.url }),
  connection: (twin) => shipheroConnection({ accessToken: twin.issueToken(USER) }),
  wrongCredentials: { username: 'their-shiphero', password: 'their-password' },
  limits: 'account',
  badSettings: [
    [{}, 'warehouseId'],
    [{ warehouseId: ' ' }, 'warehouseId'],
    [{ warehouseId: WAREHOUSE, batchSize: 3_001 }, 'batchSize'],
    [{ warehouseId: WAREHOUSE, batchSize: 0 }, 'batchSize'],
    [{ warehouseId: WAREHOUSE, requestsPerMinute: 1_401 }, 'requestsPerMinute'],
    [{ warehouseId: WAREHOUSE, requestsPerMinute: 0 }, 'requestsPerMinute'],
    [{ warehouseId: WAREHOUSE, reason: 'x'.repeat(101) }, 'reason'],
    [{ warehouseId: WAREHOUSE, itemsPageSize: 1_001 }, 'itemsPageSize'],
    [{ warehouseId: WAREHOUSE, syncDeadlineSeconds: 9 }, 'syncDeadlineSeconds'],
    [{ warehouseId: WAREHOUSE, listingFrom: 'itemID' }, 'listingFrom'],
    [{ warehouseId: WAREHOUSE, location: 'A-1' }, 'location'],
    [{ warehouseId: WAREHOUSE, skuColumn: 'SKU' }, 'skuColumn'],
  ],
  job: {
    ...JOB,
    lines: shipheroLines,
    maxLines: 2_999,
    async arrange(twin) {
      twin.setState({ nextSyncIds: [JOB.jobId] });
      await startSync(twin, 'https://files.example.com/stock/arranged.csv');
    },
  },
};
