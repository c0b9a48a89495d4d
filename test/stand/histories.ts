import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { z } from 'zod';

/** A history as the Web UI downloads it: canonical proto JSON. */
export type HistoryJson = z.output<typeof historyJson>;

const historyJson = z.looseObject({ events: z.array(z.looseObject({ eventType: z.string() })) });

/** The history of the newest run of a workflow id, or of the given run. */
export async function fetchHistory(client: Client, workflowId: string, runId?: string): Promise<HistoryJson> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return historyJson.parse(JSON.parse(historyToJSON(history)));
}

/** Calls `look` with every field of a JSON value, however deep. */
function walk(value: unknown, look: (name: string, inner: unknown) => void): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    look(name, inner);
    walk(inner, look);
  }
}

/** What the payloads of a history hold, decoded. */
export function payloadsOf(history: HistoryJson): Buffer[] {
  const payloads: Buffer[] = [];
  walk(history, (name, inner) => {
    if (name === 'data' && typeof inner === 'string') payloads.push(Buffer.from(inner, 'base64'));
  });
  return payloads;
}

/** Everything that a history says, as one text: the JSON and the decoded payloads. */
export const textOf = (history: HistoryJson): string =>
  [JSON.stringify(history), ...payloadsOf(history).map((payload) => payload.toString('utf8'))].join('\n');
