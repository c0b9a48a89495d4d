import { z } from 'zod';
import { increffSettings } from '../increff-protocol';

/** `settings` of an Increff OMS connection, the common ones included. */
export const increffOmsSettings = increffSettings.extend({
  /** The location whose stock is set; a connection is one location. */
  locationCode: z.string().trim().min(1).max(100),
});

export type IncreffOmsSettings = z.output<typeof increffOmsSettings>;
