import { createHash } from 'node:crypto';
import type { Connector } from '../connectors/ports';
import type { Channel } from '../contracts/channels';
import type { Connection } from '../contracts/connection';
import {
  type OrderEvent,
  type OrderEventPayload,
  orderEventPayload,
  UNFULFILLABLE,
  UNFULFILLABLE_EVENT,
  unfulfillableItem,
} from '../contracts/events';
import { type OrderIdentity, orderWorkflowId } from '../contracts/ids';
import type { LinePieces, OrderLine } from '../contracts/order';
import type { KeyHolder } from '../store/gateway-keys';
import type { OrderStore } from '../store/orders';
import type { ParkedEventStore } from '../store/parked-events';
import { mayUse } from './auth';
import { Problem, readBody } from './problems';

/** What the orders table takes; names of other scripts grow when they are percent-encoded. */
const MAX_WORKFLOW_ID_CHARS = 600;

export interface OrderIntakeDeps {
  listConnections(accountSlug: string): Promise<Connection[]>;
  connectorFor(channel: Channel): Connector;
  orders: Pick<OrderStore, 'store'>;
  parked: Pick<ParkedEventStore, 'park'>;
  startOrder(orderId: string): void;
}

export interface OrderIntakeResult {
  /** Null when no run was made of the event. */
  workflowId: string | null;
  status: 'accepted' | 'duplicate' | 'ignored' | 'parked';
  /** Why the event was ignored or parked. */
  reason?: string;
}

/** The part of an order event that we keep. */
export interface UnfulfillableOrder {
  externalChannelId: string;
  externalWarehouseId: string | null;
  orderNumber: string;
  vendorOrderNumber: string | null;
  lines: OrderLine[];
}

/** Stores an order event durably and starts its run. Throws a Problem for a body that does not fit. */
export interface OrderIntake {
  receive(holder: Pick<KeyHolder, 'accountSlug' | 'connectionId'>, event: OrderEvent): Promise<OrderIntakeResult>;
  /** The same for an order that was read before, as `redrive` does. */
  accept(
    holder: Pick<KeyHolder, 'accountSlug' | 'connectionId'>,
    order: UnfulfillableOrder,
  ): Promise<OrderIntakeResult>;
}

function readOrder(payload: OrderEventPayload, path: readonly string[]): UnfulfillableOrder {
  const lines = payload.items.map((item, index) => {
    const line = readBody(unfulfillableItem, item, [...path, 'items', index]);
    return {
      lineItemSequenceNumber: line.lineItemSequenceNumber,
      orderItemId: line.orderItemID,
      itemId: line.itemID,
      marketplaceItemId: line.customerOrderItemID,
      quantity: line.quantity,
    };
  });
  return {
    externalChannelId: payload.externalChannelID,
    externalWarehouseId: payload.externalWarehouseID ?? null,
    orderNumber: payload.customerOrderNumber,
    vendorOrderNumber: payload.vendorOrderNumber ?? null,
    // The same line twice in one event is one line; the last word counts.
    lines: [...new Map(lines.map((line) => [line.lineItemSequenceNumber, line])).values()],
  };
}

const hashOf = (names: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(names.toSorted())).digest('hex').slice(0, 16);

const identityOf = (holder: Pick<KeyHolder, 'accountSlug'>, order: UnfulfillableOrder): OrderIdentity => ({
  accountSlug: holder.accountSlug,
  externalChannelId: order.externalChannelId,
  orderNumber: order.orderNumber,
  linesHash: hashOf(order.lines.map((line) => line.lineItemSequenceNumber)),
});

const hashOfPieces = (pieces: readonly LinePieces[]): string =>
  hashOf(pieces.map((line) => JSON.stringify([line.lineItemSequenceNumber, line.firstPiece])));

type Destination =
  | { marketplace: Connection; wms: Connection }
  | { refusal: 'parked' | 'ignored'; reason: string; message: string };

export function createOrderIntake(deps: OrderIntakeDeps): OrderIntake {
  const findDestination = async (
    holder: Pick<KeyHolder, 'accountSlug' | 'connectionId'>,
    order: UnfulfillableOrder,
  ): Promise<Destination> => {
    const connections = await deps.listConnections(holder.accountSlug);
    const sales = connections.filter(
      (connection) =>
        mayUse(holder, connection) &&
        deps.connectorFor(connection.channel).role === 'sales' &&
        connection.externalChannelId === order.externalChannelId,
    );
    const place = `channel ${order.externalChannelId} at warehouse ${order.externalWarehouseId ?? '(none named)'}`;
    if (sales.length === 0) {
      // The connection may be added later: the order must not be gone by then.
      return {
        refusal: 'parked',
        reason: 'channel_not_served',
        message: `no connection serves channel ${order.externalChannelId}`,
      };
    }
    const matching = sales.filter(
      (connection) =>
        connection.externalWarehouseId === null || connection.externalWarehouseId === order.externalWarehouseId,
    );
    const [marketplace] = matching;
    if (!marketplace)
      return { refusal: 'parked', reason: 'connection_not_found', message: `no connection serves ${place}` };
    if (matching.length > 1) {
      const ids = matching.map((connection) => connection.id).join(', ');
      return {
        refusal: 'parked',
        reason: 'connection_ambiguous',
        message: `several connections serve ${place}: ${ids}`,
      };
    }
    const connector = deps.connectorFor(marketplace.channel);
    if (!connector.capabilities.includes('orderCanceller')) {
      return {
        refusal: 'ignored',
        reason: 'channel_cancels_no_orders',
        message: `${connector.displayName} takes no order cancellations`,
      };
    }
    const wms = connections.filter((connection) => deps.connectorFor(connection.channel).role === 'wms');
    const [home] = wms;
    if (!home || wms.length > 1) {
      return {
        refusal: 'parked',
        reason: 'wms_connection_not_found',
        message: `the account has ${wms.length} WMS connections, not one`,
      };
    }
    return { marketplace, wms: home };
  };

  const accept: OrderIntake['accept'] = async (holder, order) => {
    const identity = identityOf(holder, order);
    const setAside = async (
      status: 'parked' | 'ignored',
      reason: string,
      message: string,
    ): Promise<OrderIntakeResult> => {
      const accountSlug = holder.accountSlug;
      await deps.parked.park({
        accountSlug,
        kind: 'order',
        identity: JSON.stringify(identity),
        status,
        reason,
        message,
        body: order,
      });
      return { workflowId: null, status, reason: message };
    };
    if (order.lines.length === 0)
      return setAside('ignored', 'nothing_to_cancel', `no line of the order is ${UNFULFILLABLE}`);
    const destination = await findDestination(holder, order);
    if ('refusal' in destination) return setAside(destination.refusal, destination.reason, destination.message);
    const { marketplace, wms } = destination;
    const stored = await deps.orders.store({
      workflowId: orderWorkflowId(identity),
      accountSlug: holder.accountSlug,
      connectionId: marketplace.id,
      wmsConnectionId: wms.id,
      externalChannelId: order.externalChannelId,
      orderNumber: order.orderNumber,
      vendorOrderNumber: order.vendorOrderNumber,
      lines: order.lines,
      workflowIdOfMore: (pieces) => orderWorkflowId({ ...identity, linesHash: hashOfPieces(pieces) }),
    });
    for (const orderId of stored.unfinished) deps.startOrder(orderId);
    return { workflowId: stored.workflowId, status: stored.status };
  };

  return {
    accept,
    async receive(holder, event) {
      if (event.resourceType !== UNFULFILLABLE_EVENT) {
        return { workflowId: null, status: 'ignored', reason: `${event.resourceType} is not ${UNFULFILLABLE_EVENT}` };
      }
      const payload = readBody(orderEventPayload, event.payload, [event.payloadField]);
      const order = readOrder(payload, [event.payloadField]);
      if (orderWorkflowId(identityOf(holder, order)).length > MAX_WORKFLOW_ID_CHARS) {
        throw new Problem(422, 'the body does not fit', [
          { path: `${event.payloadField}.customerOrderNumber`, message: 'is too long with its characters encoded' },
        ]);
      }
      return accept(holder, order);
    },
  };
}
