import { type Bug, CALM, MANY_ORDERS, WORKFLOWS } from './bug';

/** In what we say to channels, and in what we believe of their answers. */
export const CHANNEL_BUGS: readonly Bug[] = [
  {
    name: 'batch-of-51',
    does: 'sends a line more than a request may have',
    breaks: 'I4',
    edits: [
      {
        file: 'connectors/ajio/index.js',
        find: 'batchSize: settings.batchSize,',
        replace: 'batchSize: settings.batchSize + 1,',
      },
      {
        file: 'connectors/ajio/mapper.js',
        find: 'settings_1.MAX_STOCK_LINES, ',
        replace: 'settings_1.MAX_STOCK_LINES + 1, ',
      },
    ],
    scenario: { ...CALM, faults: { ajio: [{ kind: 'delay', ms: 1_500, on: { path: '/updateInventory' } }] } },
  },
  {
    name: 'retry-on-400',
    does: 'tries a request again that was refused for good',
    breaks: 'I3',
    edits: [
      {
        file: 'contracts/failures.js',
        find: 'ChannelRejected: { retried: false',
        replace: 'ChannelRejected: { retried: true',
      },
      { file: WORKFLOWS, find: 'ChannelRejected: { retried: false', replace: 'ChannelRejected: { retried: true' },
    ],
    scenario: {
      ...CALM,
      mix: MANY_ORDERS,
      faults: {
        ajio: [
          {
            kind: 'status',
            status: 400,
            body: { message: 'Bad request' },
            on: { method: 'POST', path: '/ds' },
            rate: 0.4,
          },
        ],
      },
    },
  },
  {
    name: 'wms-first',
    does: 'cancels in Eshopbox before it asks Ajio',
    breaks: 'I3',
    edits: [
      {
        file: 'activities/order-lines.js',
        find: "side === 'wms' ? order.lines.filter((line) => line.marketplaceState === 'cancelled') : order.lines",
        replace: 'order.lines',
      },
      {
        file: WORKFLOWS,
        find: 'const atMarketplace = await (0, marketplace_cancel_1.cancelAtMarketplace)(',
        replace:
          'await (0, wms_cancel_1.cancelInWms)(wms, orderId, [{ cancelledAt: startedAt }]).catch(() => undefined);\n        const atMarketplace = await (0, marketplace_cancel_1.cancelAtMarketplace)(',
      },
    ],
    scenario: { ...CALM, mix: MANY_ORDERS },
  },
  {
    name: 'believe-failed',
    does: 'takes FAILED without a list for a success because the status is 200',
    breaks: 'I1',
    edits: [
      {
        file: 'connectors/ajio/mapper.js',
        find: "if (refusedWith === undefined && answer.status === 'FAILED' && rejections.size === 0)",
        replace: 'if (refusedWith === undefined && answer.status === undefined)',
      },
      {
        file: 'connectors/ajio/mapper.js',
        find: "if (status === 'SUCCESS' ||",
        replace: "if (status === 'FAILED' || status === 'SUCCESS' ||",
      },
    ],
    scenario: {
      ...CALM,
      faults: { ajio: [{ kind: 'failed-without-list', on: { path: '/updateInventory' }, rate: 0.3 }] },
    },
  },
  {
    name: 'reuse-recorded-body',
    does: 'repeats a request with the quantities of its first attempt',
    breaks: 'I2',
    edits: [
      {
        file: 'activities/stock-push.js',
        find: 'function createStockPushActivities(deps) {',
        replace: `const bodies = new Map();
const recorded = (pushId, lines) => {
    const first = bodies.get(pushId) ?? new Map(lines.map(({ listing, quantity }) => [listing, quantity]));
    bodies.set(pushId, first);
    return lines.map((line) => ({ ...line, quantity: first.get(line.listing) ?? line.quantity }));
};
function createStockPushActivities(deps) {`,
      },
      {
        file: 'activities/stock-push.js',
        find: 'writer.setStock(lines, call)',
        replace: 'writer.setStock(recorded(pushId, lines), call)',
      },
    ],
    scenario: {
      ...CALM,
      events: 800,
      perSecond: 80,
      faults: { ajio: [{ kind: 'status', status: 500, on: { path: '/updateInventory' }, rate: 0.4 }] },
    },
  },
];
