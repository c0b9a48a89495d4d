import { defineSearchAttributeKey } from '@temporalio/common';

/** What runs can be found by in the Web UI and in `temporal workflow list`. Never anything personal. */
export const CONNECTION_ID = defineSearchAttributeKey('ConnectionId', 'KEYWORD');
export const CHANNEL = defineSearchAttributeKey('Channel', 'KEYWORD');
export const ACCOUNT_SLUG = defineSearchAttributeKey('AccountSlug', 'KEYWORD');
export const ORDER_NUMBER = defineSearchAttributeKey('OrderNumber', 'KEYWORD');
/** The business result, apart from the run's status. */
export const OUTCOME = defineSearchAttributeKey('Outcome', 'KEYWORD');
/** Why the run waits for a person; absent when it does not. */
export const ATTENTION = defineSearchAttributeKey('Attention', 'KEYWORD');

export const SEARCH_ATTRIBUTES = [CONNECTION_ID, CHANNEL, ACCOUNT_SLUG, ORDER_NUMBER, OUTCOME, ATTENTION] as const;
