import { defineSignal } from '@temporalio/workflow';

/** The gateway wrote new stock for the connection. */
export const stockChanged = defineSignal('stockChanged');

/** A person (or `cli retry`) wants the step that failed to run again. */
export const retry = defineSignal('retry');

/** A person decided that it is not worth another try: the run fails with its cause. */
export const giveUp = defineSignal('giveUp');
