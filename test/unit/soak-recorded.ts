import type { Recorded, Tables, TwinCall, TwinName, TwinRecord } from '../../src/soak/check/recorded';
import type { Load, SoakEvent } from '../../src/soak/load';
import { CONNECTIONS } from '../../src/soak/tenants';

const stock = (number: number, connectionId: number, listings: number[], publishedAtSeconds: number): SoakEvent => ({
  kind: 'stock',
  number,
  connectionId,
  messageId: `m${number}`,
  publishedAtSeconds,
  listings,
  zeros: [],
  badListing: null,
});

const EVENTS: readonly SoakEvent[] = [
  stock(0, 101, [0, 1], 10),
  stock(1, 101, [0], 20),
  { kind: 'order', number: 2, connectionId: 101, orderNumber: 'O1', lines: [1, 2], isPacked: false },
  { kind: 'unusable-stock', number: 3, accountSlug: 'soak-a' },
  stock(4, 102, [5], 5),
];

/** Four usable events and one that is none. */
export const LOAD: Load = { events: EVENTS, order: [0, 1, 2, 3, 4] };

const T0 = Date.UTC(2025, 0, 10);
/** When an event of {@link LOAD} says that it was published. */
export const atMs = (seconds: number): number => T0 + seconds * 1_000;

const call = (twin: TwinName, seq: number, changes: Partial<TwinCall>): TwinCall => ({
  twin,
  seq,
  atMs: seq * 1_000,
  durationMs: 1,
  method: 'POST',
  path: '/updateInventory',
  status: 200,
  account: null,
  faults: [],
  effectSeq: seq,
  applied: [],
  keys: [],
  order: null,
  ...changes,
});

const login = (twin: TwinName, seq: number, account: string): TwinCall =>
  call(twin, seq, {
    path: '/authToken',
    account,
    applied: [{ what: 'login', account, key: account, order: null, quantity: null }],
  });

/** A request that set stock. */
export const stockCall = (seq: number, account: string, quantities: Record<string, number>): TwinCall =>
  call('ajio', seq, {
    account,
    keys: Object.keys(quantities),
    applied: Object.entries(quantities).map(([key, quantity]) => ({
      what: 'stock',
      account,
      key,
      order: null,
      quantity,
    })),
  });

/** A request that cancelled lines of an order. */
export const cancelCall = (
  twin: 'ajio' | 'eshopbox',
  seq: number,
  keys: string[],
  changes: Partial<TwinCall> = {},
): TwinCall =>
  call(twin, seq, {
    path: twin === 'ajio' ? '/ds/eshopbox/orders' : '/soak-a/api/cancel-order',
    account: twin === 'ajio' ? 'login-101' : 'soak-a',
    keys,
    order: 'O1',
    applied: keys.map((key) => ({ what: 'cancel', account: '', key, order: 'O1', quantity: 1 })),
    ...changes,
  });

const twin = (calls: TwinCall[], stockShown: TwinRecord['stock'] = {}): TwinRecord => ({
  calls,
  dropped: 0,
  violations: { deadToken: 3, foreignToken: 0 },
  stock: stockShown,
});

const line = (number: number, connectionId: number, listing: string, seconds: number, status: string) => ({
  submissionId: `s${number}`,
  messageId: `m${number}`,
  connectionId,
  listing,
  quantity: number + 1,
  versionAtMs: atMs(seconds),
  versionId: `m${number}`,
  status,
  error: null,
});

/** A row of the ledger. */
export const ledgerRow = (
  number: number,
  connectionId: number,
  listing: string,
  seconds: number,
  sentAtMs: number,
) => ({
  connectionId,
  listing,
  quantity: number + 1,
  versionAtMs: atMs(seconds),
  versionId: `m${number}`,
  verdict: 'accepted',
  message: null,
  sentAtMs,
  late: 0,
});

const level = (number: number, connectionId: number, listing: string, seconds: number) => ({
  connectionId,
  listing,
  desiredQuantity: number + 1,
  versionAtMs: atMs(seconds),
  versionId: `m${number}`,
  state: 'clean',
  lastError: null,
});

const orderLine = (number: string) => ({
  connectionId: 101,
  orderNumber: 'O1',
  lineItemSequenceNumber: `O1-${number}`,
  status: 'done',
  outcome: 'cancelled',
  error: null,
  marketplaceState: 'cancelled',
  marketplaceMessage: null,
  wmsState: 'cancelled',
  wmsMessage: null,
});

const submission = (number: number, totalCount: number) => ({
  id: `s${number}`,
  status: 'success',
  totalCount,
  finishedCount: totalCount,
  errorCount: 0,
  error: null,
});

const TABLES: Tables = {
  submissions: [submission(0, 2), submission(1, 1), submission(4, 1)],
  lines: [
    line(0, 101, 'P101/V0', 10, 'superseded'),
    line(0, 101, 'P101/V1', 10, 'success'),
    line(1, 101, 'P101/V0', 20, 'success'),
    line(4, 102, 'P102/V5', 5, 'success'),
  ],
  levels: [level(1, 101, 'P101/V0', 20), level(0, 101, 'P101/V1', 10), level(4, 102, 'P102/V5', 5)],
  ledger: [
    ledgerRow(0, 101, 'P101/V0', 10, 2_900),
    ledgerRow(0, 101, 'P101/V1', 10, 2_900),
    ledgerRow(1, 101, 'P101/V0', 20, 4_900),
    ledgerRow(4, 102, 'P102/V5', 5, 3_900),
  ],
  orderLines: [orderLine('1'), orderLine('2')],
  parked: [
    { kind: 'inventory', status: 'parked', reason: 'connection_not_found', message: 'no such connection', body: '{}' },
  ],
  connections: CONNECTIONS.map(({ id }) => ({
    id,
    tokenGeneration: [101, 102, 103].includes(id) ? 1 : 0,
    status: 'active',
  })),
};

const ack = (number: number, atMsOfAck: number, submissionId: string | null, httpStatus = 202) => ({
  number,
  atMs: atMsOfAck,
  httpStatus,
  status: 'accepted',
  submissionId,
  workflowId: null,
});

/** What is recorded when everything goes as it should. */
export const GOOD: Recorded = {
  acks: [ack(0, 1_000, 's0'), ack(1, 4_000, 's1'), ack(2, 4_000, null), ack(3, 4_000, null, 404), ack(4, 2_000, 's4')],
  twins: {
    ajio: twin(
      [
        login('ajio', 1, 'login-101'),
        login('ajio', 2, 'login-102'),
        stockCall(3, 'login-101', { 'P101/V0': 1, 'P101/V1': 1 }),
        stockCall(4, 'login-102', { 'P102/V5': 5 }),
        stockCall(5, 'login-101', { 'P101/V0': 2 }),
        cancelCall('ajio', 6, ['O1.1-1', 'O1.2-1']),
      ],
      { 'login-101': { 'P101/V0': 2, 'P101/V1': 1 }, 'login-102': { 'P102/V5': 5 } },
    ),
    eshopbox: twin([login('eshopbox', 6, 'soak-a'), cancelCall('eshopbox', 7, ['O1-1', 'O1-2'])]),
    increff: twin([]),
    shiphero: twin([]),
  },
  tables: TABLES,
  disturbances: [],
  signals: [],
  failures: [],
  failureMetrics: { 7: 0 },
  samples: [],
  secrets: { searched: { logs: 10 }, found: [] },
  replay: { replayed: 1, histories: 1, diverged: [] },
  quietAfterMs: 1_000,
};

/** {@link GOOD} with other calls at one twin. */
export const withCalls = (name: TwinName, change: (calls: readonly TwinCall[]) => readonly TwinCall[]): Recorded => ({
  ...GOOD,
  twins: { ...GOOD.twins, [name]: { ...GOOD.twins[name], calls: change(GOOD.twins[name].calls) } },
});

/** {@link GOOD} with other tables. */
export const withTables = (changes: Partial<Tables>): Recorded => ({ ...GOOD, tables: { ...TABLES, ...changes } });
