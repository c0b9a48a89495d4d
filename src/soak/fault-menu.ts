import type { Fault } from '../twins/faults';
import type { TwinName } from './check/recorded';

const on = (path: string) => ({ on: { path } });

/**
 * What can be wrong with each channel for a while. Left out is what no caller could notice: a channel that leaves refused
 * lines out of a list of failures says that they were accepted.
 */
export const FAULT_MENU: Readonly<Record<TwinName, readonly [readonly Fault[], ...(readonly Fault[])[]]>> = {
  ajio: [
    [{ kind: 'status', status: 500, ...on('/updateInventory'), rate: 0.3 }],
    [{ kind: 'status', status: 503, rate: 0.2 }],
    [{ kind: 'status', status: 502, applies: true, ...on('/updateInventory'), rate: 0.2 }],
    [{ kind: 'throttle', retryAfter: '2', rate: 0.1 }],
    [{ kind: 'reset', rate: 0.2 }],
    [{ kind: 'reset-after-applying', rate: 0.2 }],
    [{ kind: 'hang', ...on('/updateInventory'), times: 2 }],
    [{ kind: 'hang-after-applying', ...on('/ds'), times: 1 }],
    [{ kind: 'delay', ms: 5_000, ...on('/updateInventory'), times: 2 }],
    [{ kind: 'garbage', rate: 0.1 }],
    [{ kind: 'truncated', rate: 0.1 }],
    [{ kind: 'html', ...on('/ds'), rate: 0.2 }],
    [{ kind: 'fail-lines', share: 0.05, ...on('/updateInventory'), rate: 0.3 }],
    [{ kind: 'omit-lines', share: 0.3, ...on('/ds'), rate: 0.5 }],
    [{ kind: 'unknown-line', rate: 0.05 }],
    [{ kind: 'failed-without-list', ...on('/updateInventory'), times: 1 }],
    [{ kind: 'status', status: 400, body: { message: 'Bad request' }, on: { path: '/ds', method: 'POST' }, rate: 0.2 }],
    [{ kind: 'delay', ms: 300, ...on('/authToken') }],
    [{ kind: 'status', status: 500, ...on('/authToken'), rate: 0.5 }],
  ],
  eshopbox: [
    [{ kind: 'status', status: 500, rate: 0.2 }],
    [{ kind: 'throttle', retryAfter: '2', rate: 0.2 }],
    [{ kind: 'reset-after-applying', rate: 0.2 }],
    [{ kind: 'hang', times: 1 }],
    [{ kind: 'garbage', applies: true, rate: 0.1 }],
    [{ kind: 'status-failed', times: 1 }],
  ],
  increff: [
    [{ kind: 'status', status: 500, rate: 0.3 }],
    [{ kind: 'throttle', retryAfter: '2', rate: 0.2 }],
    [{ kind: 'reset-after-applying', rate: 0.2 }],
    [{ kind: 'omit-lines', share: 0.2, rate: 0.3 }],
    [{ kind: 'unknown-line', rate: 0.1 }],
    [{ kind: 'garbage', rate: 0.1 }],
    [{ kind: 'hang-after-applying', times: 1 }],
  ],
  shiphero: [
    [{ kind: 'status', status: 500, rate: 0.2 }],
    [{ kind: 'throttle', retryAfter: '2', rate: 0.1 }],
    [{ kind: 'reset-after-applying', on: { operation: 'inventory_sync' }, rate: 0.3 }],
    [{ kind: 'fail-lines', share: 0.05, on: { operation: 'inventory_sync' }, rate: 0.3 }],
    [{ kind: 'stuck', afterRows: 3, on: { operation: 'inventory_sync' }, times: 1 }],
    [{ kind: 'garbage', rate: 0.05 }],
  ],
};
