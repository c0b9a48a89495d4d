import { activityInfo } from '@temporalio/activity';
import { ConnectorError } from '../connectors/errors';
import type { OrderStore, StoredOrder } from '../store/orders';

/**
 * The order of the run that asks, by its id or, when its event was stored anew, by the run's workflow id. Throws `OrderNotFound`
 * when it is not there, as after the database was put back to an older copy.
 */
export const createOrderLookup =
  (orders: Pick<OrderStore, 'find' | 'findByWorkflow'>) =>
  async (orderId: string): Promise<StoredOrder> => {
    const workflowId = activityInfo().workflowExecution?.workflowId ?? '';
    const order = (await orders.find(orderId)) ?? (await orders.findByWorkflow(workflowId));
    if (!order) throw new ConnectorError('OrderNotFound', `there is no order ${orderId}`);
    return order;
  };
