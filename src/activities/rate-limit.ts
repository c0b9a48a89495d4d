import { setTimeout as delay } from 'node:timers/promises';
import type { CreditReader } from '../connectors/credits';
import { ConnectorError } from '../connectors/errors';
import { gateIntervalMs } from '../connectors/gate';
import type { Call, GatePolicy } from '../connectors/ports';
import type { FailureDetails, ReservedSlot } from '../contracts/failures';
import type { CreditStore } from '../store/credits';
import type { GatePass, GateStore } from '../store/gates';

/** How far ahead a slot is reserved. What would come later than that asks again, so that turns nobody comes for block a connection no longer than this. */
const MAX_AHEAD_MS = 600_000;
/** Credits are reserved less far ahead: the account may be spent from elsewhere. */
const MAX_CREDITS_AHEAD_MS = 60_000;

/** A request comes back this much before its slot, twice as much each time that it came too late. */
const FIRST_LEAD_MS = 500;
/** With the 15 s that a call may take it fits into the time that a stopping worker is given. */
const MAX_LEAD_MS = 3_500;
/** It may come back a little earlier still. */
const LEAD_SLACK_MS = 500;

const leadMsOf = (missed: number): number => Math.min(FIRST_LEAD_MS * 2 ** missed, MAX_LEAD_MS);

export interface RateLimitDeps {
  gates: Pick<GateStore, 'reserve'>;
  credits: Pick<CreditStore, 'reserve' | 'learn' | 'correct'>;
  gate: GatePolicy;
  displayName: string;
  details: FailureDetails;
  /** What an earlier attempt reserved: it is good for the first request. */
  slot?: ReservedSlot;
  /** Present where the channel counts credits. */
  creditReader?: CreditReader;
  /** Sends the question for the credits. */
  request<T>(send: () => Promise<T>): Promise<T>;
}

export interface RateLimit {
  /**
   * Waits until the connection's rate limit lets a request leave and, where the channel counts credits, until the account has as many.
   * A turn that is at hand is waited for; any other is reserved, and `ChannelRateLimited` says when to come back for it. Throws
   * `ChannelRejected` when the account can never have as many credits.
   */
  pass(call: Call, credits?: number): Promise<void>;
  /** Corrects our count by what the request that has passed cost in the end; undefined: as much as was reserved. */
  settle(paid: number | undefined): Promise<void>;
}

export function createRateLimit(deps: RateLimitDeps): RateLimit {
  const { gate, displayName, details } = deps;
  let reserved = deps.slot;
  /** Credits that are reserved for the request that has passed and is not answered yet. */
  let atStake: number | undefined;

  function comeBack(waitMs: number, slot?: ReservedSlot): never {
    const retryAfterMs = slot && slot.atMs > 0 ? Math.max(waitMs - leadMsOf(slot.missed), 1) : waitMs;
    throw new ConnectorError('ChannelRateLimited', `${displayName} takes no request before its limit allows it`, {
      details: { ...details, retryAfterMs, ...(slot ? { slot } : {}) },
    });
  }

  async function waitFor(waitMs: number, slot: ReservedSlot, { signal }: Call): Promise<void> {
    if (waitMs > leadMsOf(slot.missed) + LEAD_SLACK_MS) comeBack(waitMs, slot);
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
  }

  /** Somebody who is told to come back much later comes at some time from now until then, so that not all come at once. */
  const spread = (waitMs: number) => (waitMs > MAX_AHEAD_MS ? MAX_AHEAD_MS * (0.5 + Math.random() / 2) : waitMs);

  async function takeSlot(call: Call, paid: number): Promise<void> {
    const held = reserved?.atMs ? reserved : undefined;
    reserved = undefined;
    const pass: GatePass = await deps.gates.reserve(gate.key, gateIntervalMs(gate), MAX_AHEAD_MS, held?.atMs);
    if (!pass.reserved) comeBack(spread(pass.waitMs));
    const isMissed = held !== undefined && pass.slotAtMs !== held.atMs;
    const missed = (held?.missed ?? 0) + (isMissed ? 1 : 0);
    await waitFor(pass.waitMs, { atMs: pass.slotAtMs ?? 0, credits: paid, missed }, call);
  }

  /** Reserves the credits; returns how many it could reserve. */
  async function pay(credits: number, reader: CreditReader, call: Call): Promise<number> {
    const reserve = () => deps.credits.reserve(gate.key, credits, MAX_CREDITS_AHEAD_MS);
    let pass = await reserve();
    if ('unknown' in pass) {
      await takeSlot(call, 0);
      await deps.credits.learn(gate.key, await deps.request(() => reader.readCredits(call)));
      pass = await reserve();
    }
    if ('impossible' in pass) {
      const channelWords = `the request costs up to ${credits} credits, the account can have ${pass.max} at most`;
      throw new ConnectorError('ChannelRejected', `${displayName}: ${channelWords}`, {
        details: { ...details, channelWords },
      });
    }
    // Somebody doubts what was read this moment: the channel itself will say whether it suffices.
    if ('unknown' in pass) return 0;
    if (!pass.reserved) comeBack(pass.waitMs);
    await waitFor(pass.waitMs, { atMs: 0, credits, missed: 0 }, call);
    return credits;
  }

  return {
    async pass(call, credits = 0) {
      const { creditReader } = deps;
      const isPaid = reserved !== undefined && reserved.credits >= credits;
      const paid = creditReader && !isPaid ? await pay(credits, creditReader, call) : (reserved?.credits ?? credits);
      await takeSlot(call, paid);
      atStake = paid;
    },
    async settle(paid) {
      const difference = (atStake ?? 0) - (paid ?? atStake ?? 0);
      const isOurs = deps.creditReader !== undefined && atStake !== undefined;
      atStake = undefined;
      if (isOurs && difference !== 0) await deps.credits.correct(gate.key, difference);
    },
  };
}
