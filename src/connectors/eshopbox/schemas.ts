import { z } from 'zod';
import { expiresIn } from '../access-token';

/** `POST /api/v1/generateToken`, answer; `expires_in` in seconds. */
export const tokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: expiresIn,
});

export type TokenAnswer = z.output<typeof tokenAnswer>;

/** `POST /api/cancel-order`, request */
export interface CancelOrderBody {
  reason: string;
  externalChannelID: string;
  /** `YYYY-MM-DD HH:mm:ss` in the connection's zone. */
  cancellationTime: string;
  customerOrderNumber: string;
  items: { itemID: string; quantity: string; orderItemID: string; lineItemSequenceNumber: string; remark: string }[];
}

/** `POST /api/cancel-order`, answer with HTTP 200: only SUCCESS is a yes. */
export const cancelAnswer = z.object({ status: z.string().min(1) });

const text = z
  .union([z.string(), z.number().transform(String)])
  .optional()
  .catch(undefined);

const fault = z.object({
  code: text,
  message: text,
  errors: z.array(z.object({ lineItemSequenceNumber: text }).catch({ lineItemSequenceNumber: undefined })).catch([]),
});

/** An error of Eshopbox, under `error` or at the top: only what code branches on. `lineIds`: the lines that it names. */
export const errorAnswer = z
  .union([z.object({ error: fault }).transform(({ error }) => error), fault])
  .transform(({ code, message, errors }) => ({
    code: code ?? '',
    message: message ?? '',
    lineIds: errors.map((entry) => entry.lineItemSequenceNumber).filter((id) => id !== undefined),
  }));

export type ErrorAnswer = z.output<typeof errorAnswer>;
