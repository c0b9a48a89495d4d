import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { postOf } from './bodies';
import type { Ack } from './check/recorded';
import type { Load, SoakEvent } from './load';

const SENDERS = 12;
const PATIENCE_MS = 20_000;
const RETRY_AFTER_MS = 250;

const answerBody = z.object({
  submissionId: z.string().optional(),
  workflowId: z.string().nullish(),
  status: z.union([z.string(), z.number()]).optional(),
});

export interface SenderOptions {
  load: Load;
  gatewayUrls: readonly string[];
  /** Keys of the gateway by account. */
  keys: Readonly<Record<string, string>>;
  /** Posts a second at most. */
  perSecond: number;
  /** Told what the gateway said no with, to be searched for what must not be in it. */
  onRefusal(text: string): void;
}

/** Sends a load as a WMS that wants to lose nothing: what was not acknowledged goes again, with the same message. */
export interface Sender {
  /** Share of the posts that are done, 0 to 1. */
  progress(): number;
  acks: readonly Ack[];
  /** Posts that found no answer, or one that says to come again. */
  unanswered(): number;
  /** Resolves when every post was acknowledged or refused for good. */
  done: Promise<void>;
  /** Sends the events of an order once more, also when sending was stopped; resolves when they are acknowledged. */
  sendAgain(orderNumber: string): Promise<void>;
  stop(): void;
}

/** 404 says that an event was kept for a connection that is not there yet; 422 that it never will be any use. */
const isFinal = (status: number): boolean => (status >= 200 && status < 300) || status === 404 || status === 422;

export function startSending({ load, gatewayUrls, keys, perSecond, onRefusal }: SenderOptions): Sender {
  const acks: Ack[] = [];
  let next = 0;
  let finished = 0;
  let unanswered = 0;
  let isStopped = false;
  const startedAtMs = Date.now();

  const post = async (event: SoakEvent, attempt: number): Promise<Ack | undefined> => {
    const { path, accountSlug, body } = postOf(event);
    const url = gatewayUrls[(event.number + attempt) % gatewayUrls.length] ?? '';
    try {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': keys[accountSlug] ?? '' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await response.text();
      if (!response.ok) onRefusal(text);
      if (!isFinal(response.status)) return undefined;
      const said = response.ok ? answerBody.parse(JSON.parse(text)) : {};
      return {
        number: event.number,
        atMs: Date.now(),
        httpStatus: response.status,
        status: said.status === undefined ? null : String(said.status),
        submissionId: said.submissionId ?? null,
        workflowId: said.workflowId ?? null,
      };
    } catch {
      return undefined;
    }
  };

  const deliver = async (event: SoakEvent, goesOn: () => boolean): Promise<void> => {
    for (let attempt = 0; goesOn(); attempt += 1) {
      const ack = await post(event, attempt);
      if (ack) return void acks.push(ack);
      unanswered += 1;
      await sleep(RETRY_AFTER_MS);
    }
  };

  const work = async (): Promise<void> => {
    while (next < load.order.length && !isStopped) {
      const place = next;
      next += 1;
      const dueInMs = startedAtMs + (place * 1_000) / perSecond - Date.now();
      if (dueInMs > 0) await sleep(dueInMs);
      const event = load.events[load.order[place] ?? -1];
      if (event) await deliver(event, () => !isStopped);
      finished += 1;
    }
  };

  return {
    acks,
    progress: () => finished / load.order.length,
    unanswered: () => unanswered,
    done: Promise.all(Array.from({ length: SENDERS }, work)).then(() => undefined),
    async sendAgain(orderNumber) {
      const events = load.events.filter((event) => event.kind === 'order' && event.orderNumber === orderNumber);
      await Promise.all(events.map((event) => deliver(event, () => true)));
    },
    stop() {
      isStopped = true;
    },
  };
}
