import { createCsvImportActivities } from './csv-import';
import { createImportRecordActivities } from './import-records';
import { createOrderRecordActivities } from './order-records';
import { createOrderActivities } from './orders';
import { createStockJobActivities } from './stock-jobs';
import { createStockPushActivities } from './stock-push';
import { createStockRecordActivities } from './stock-records';
import { createTokenActivities } from './tokens';
import { createUpkeepActivities } from './upkeep';

/** Activities that speak to a channel; they run on the queue of that channel. */
export const createChannelActivities = (
  deps: Parameters<typeof createStockPushActivities>[0] &
    Parameters<typeof createStockJobActivities>[0] &
    Parameters<typeof createOrderActivities>[0] &
    Parameters<typeof createTokenActivities>[0],
) => ({
  ...createStockPushActivities(deps),
  ...createStockJobActivities(deps),
  ...createOrderActivities(deps),
  ...createTokenActivities(deps),
});

/** Activities that touch only our own database and Temporal; they run beside the workflows. */
export const createHomeActivities = (
  deps: Parameters<typeof createStockRecordActivities>[0] &
    Parameters<typeof createOrderRecordActivities>[0] &
    Parameters<typeof createImportRecordActivities>[0] &
    Parameters<typeof createUpkeepActivities>[0],
) => ({
  ...createStockRecordActivities(deps),
  ...createOrderRecordActivities(deps),
  ...createImportRecordActivities(deps),
  ...createUpkeepActivities(deps),
});

/** Activities that fetch files from addresses that callers name; they run on a queue of their own. */
export const createImportActivities = createCsvImportActivities;

export type ChannelActivities = ReturnType<typeof createChannelActivities>;
export type HomeActivities = ReturnType<typeof createHomeActivities>;
export type ImportActivities = ReturnType<typeof createImportActivities>;
