import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';
import type { Page } from './shiphero-connection';
import type { ShipheroSettings, ShipheroState } from './shiphero-state';

/** Nodes of a list that says neither `first` nor `last`. */
export const DEFAULT_PAGE_SIZE = 100;

const LISTS = ['inventory_sync_statuses', 'inventory_sync_items_status'];

/** What surrounds a selection: the document's fragments and the values of its variables. */
export interface Surroundings {
  fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  variables: Readonly<Record<string, unknown>>;
}

export const fragmentsOf = (document: DocumentNode): Record<string, FragmentDefinitionNode> =>
  Object.fromEntries(
    document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
  );

/** The fields of a selection, those of its fragments included. The document has to be valid, or fragments could go in circles. */
export const fieldsOf = (selection: SelectionSetNode | undefined, around: Surroundings): FieldNode[] =>
  (selection?.selections ?? []).flatMap((one) => {
    if (one.kind === Kind.FIELD) return [one];
    if (one.kind === Kind.INLINE_FRAGMENT) return fieldsOf(one.selectionSet, around);
    return fieldsOf(around.fragments[one.name.value]?.selectionSet, around);
  });

function pageSizeOf(field: FieldNode, { variables }: Surroundings): number {
  const sizes = (field.arguments ?? [])
    .filter(({ name }) => name.value === 'first' || name.value === 'last')
    .map(({ value }) => valueFromASTUntyped(value, variables))
    .filter((size) => typeof size === 'number');
  return sizes.length === 0 ? DEFAULT_PAGE_SIZE : Math.max(0, ...sizes);
}

/** The pages that a list of the root asks for, as their arguments say. */
export const pagesOf = (root: FieldNode, around: Surroundings): Page[] =>
  fieldsOf(root.selectionSet, around)
    .filter(({ name }) => name.value === 'data')
    .map((list) =>
      Object.fromEntries(
        (list.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value, around.variables)]),
      ),
    );

/** What one field of the root costs: a mutation its fixed price, a query 1, and 1 more for each node that a list may return. */
export function costOf(
  root: FieldNode,
  operation: OperationDefinitionNode['operation'],
  around: Surroundings,
  { mutationCost }: Pick<ShipheroSettings, 'mutationCost'>,
): number {
  if (root.name.value.startsWith('__')) return 0;
  if (operation === 'mutation') return mutationCost;
  if (!LISTS.includes(root.name.value)) return 1;
  const lists = fieldsOf(root.selectionSet, around).filter(({ name }) => name.value === 'data');
  return lists.reduce((sum, list) => sum + pageSizeOf(list, around), 1);
}

/** The credits of one account at this moment, with the fraction that has come back since. */
export function creditsLeft(state: ShipheroState, username: string, nowMs: number): number {
  const { maxAvailable, incrementRate } = state.settings.quota;
  const { left, atMs } = state.credits.get(username) ?? { left: maxAvailable, atMs: nowMs };
  return Math.min(maxAvailable, left + ((nowMs - atMs) * incrementRate) / 1000);
}

/** What a refused operation is told; `timeRemaining` is null when waiting cannot help. */
export interface Refusal {
  message: string;
  required_credits: number;
  remaining_credits: number;
  time_remaining: string | null;
}

/** Takes the credits, or says why not and takes none. */
export function charge(state: ShipheroState, username: string, required: number, nowMs: number): Refusal | undefined {
  const { maxAvailable, incrementRate } = state.settings.quota;
  const left = creditsLeft(state, username, nowMs);
  const figures = { required_credits: required, remaining_credits: Math.floor(left) };
  if (required > maxAvailable) {
    const message = `The requested operation requires ${required} credits, but the maximum allowed for a single operation is ${maxAvailable}`;
    return { message, ...figures, time_remaining: null };
  }
  if (required > left) {
    const seconds = Math.ceil((required - left) / incrementRate);
    const message = `There are not enough credits to perform the requested operation, which requires ${required} credits, but there are only ${figures.remaining_credits} left. In ${seconds} seconds you will have enough credits to perform the operation`;
    return { message, ...figures, time_remaining: `${seconds} seconds` };
  }
  state.credits.set(username, { left: left - required, atMs: nowMs });
  return undefined;
}

/** Gives back what was taken and not spent. */
export function giveBack(state: ShipheroState, username: string, credits: number, nowMs: number): void {
  const left = Math.min(state.settings.quota.maxAvailable, creditsLeft(state, username, nowMs) + credits);
  state.credits.set(username, { left, atMs: nowMs });
}
