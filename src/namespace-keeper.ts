import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { makeNamespaceReady } from './namespace';

/** Temporal's database may be lost or be replaced by an older copy while programs run. */
const CHECK_EVERY_MS = 60_000;
/** Until everything was there once nothing can be done, and somebody may be mending it. */
const UNTIL_READY_MS = 5_000;

export interface NamespaceKeeperOptions {
  client: Client;
  /** Called after each look: whether everything is there now. */
  onChecked(isReady: boolean): void;
  /** Is told what was missing and made, or why it could not be made; the same reason once. */
  logger: { warn(facts: Record<string, unknown>, message: string): void };
  /** @default once a minute */
  everyMs?: number;
}

/** The look-after of a namespace while a program runs. */
export interface NamespaceKeeper {
  /** Resolves when the first look has ended, whatever it found. */
  firstLook: Promise<void>;
  /** Why no look has found, or made, everything yet; undefined from the first that did. */
  whyNotReady(): string | undefined;
  stop(): void;
}

/** Looks at once and then every minute that the namespace has what the programs need, and makes what is gone. */
export function keepNamespaceReady(options: NamespaceKeeperOptions): NamespaceKeeper {
  const { client, onChecked, logger, everyMs = CHECK_EVERY_MS } = options;
  const stopping = new AbortController();
  let saidReason = '';
  let whyNotReady: string | undefined = 'nobody has looked yet whether the namespace has what is needed';
  let wasReady = false;
  async function look(): Promise<void> {
    try {
      const { registered, searchAttributes, schedules } = await makeNamespaceReady(client, { update: false });
      const created = schedules.filter(({ did }) => did === 'created').map(({ id }) => id);
      if (registered || created.length + searchAttributes.added.length > 0) {
        const { namespace } = client.options;
        const made = { ...(registered && { namespace }), searchAttributes: searchAttributes.added, schedules: created };
        logger.warn(made, 'made what the namespace lacked');
      }
      saidReason = '';
      wasReady = true;
      whyNotReady = undefined;
      onChecked(true);
    } catch (error) {
      // The client is closed while a call is on its way.
      if (stopping.signal.aborted) return;
      onChecked(false);
      const reason = error instanceof Error ? error.message : String(error);
      if (!wasReady) whyNotReady = `the namespace could not be checked: ${reason}`;
      if (reason !== saidReason) logger.warn({ reason }, 'the namespace could not be checked');
      saidReason = reason;
    }
  }
  async function keepLooking(first: Promise<void>): Promise<void> {
    await first;
    while (!stopping.signal.aborted) {
      const pauseMs = wasReady ? everyMs : Math.min(everyMs, UNTIL_READY_MS);
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (!stopping.signal.aborted) await look();
    }
  }
  const firstLook = look();
  void keepLooking(firstLook);
  return { firstLook, whyNotReady: () => whyNotReady, stop: () => stopping.abort() };
}
