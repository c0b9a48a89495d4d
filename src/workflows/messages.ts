import { defineSignal } from '@temporalio/workflow';

/** What is known of stock that was stored. */
export interface StockNews {
  /** Whether a listing may have sold out. Absent: it may. */
  hasZeros?: boolean;
}

/** The gateway wrote new stock for the connection. */
export const stockChanged = defineSignal<[news?: StockNews]>('stockChanged');

/** A person (or `cli retry`) wants the step that failed to run again. */
export const retry = defineSignal('retry');

/** A person decided that it is not worth another try: the run fails with its cause. */
export const giveUp = defineSignal('giveUp');

/** What a person saw at the system that an order run asks about; without `lines` it is said of every line that is still open there. */
export interface SeenLines {
  /** Line item sequence numbers. */
  lines?: string[];
}

/** A person saw that the lines are cancelled there: they count as cancelled, and the run goes on. */
export const confirmCancelled = defineSignal<[seen?: SeenLines]>('confirmCancelled');

/** A person saw that the lines are not cancelled there: they are asked for again, without being read back first. */
export const confirmNotCancelled = defineSignal<[seen?: SeenLines]>('confirmNotCancelled');
