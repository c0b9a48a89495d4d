import { depthLimit } from '@graphile/depth-limit';
import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { type ComplexityEstimator, getComplexity } from 'graphql-query-complexity';
import { DEFAULT_PAGE_SIZE } from './paging';
import { INVENTORY_SYNC_SCHEMA } from './schema';

/** Names, braces, colons and so on in a document. */
const MAX_TOKENS = 2_000;
/** Selections within selections; what the protocol has needs four. */
const MAX_DEPTH = 10;
/** Credits of one request. */
export const MAX_CREDITS = 4_004;
/** Credits of a mutation. */
export const MUTATION_CREDITS = 10;
/** Fields of a node beyond this can only be aliases of the same ones; each such number more costs the list again. */
const FIELDS_PER_NODE = 25;

/** The last two: what GraphQL's own introspection query needs, where introspection is allowed. */
const DEPTH_RULE = depthLimit({
  maxDepth: MAX_DEPTH,
  revealDetails: true,
  maxIntrospectionDepth: 14,
  maxDepthByFieldCoordinates: { '__Type.ofType': 9 },
});

/** Reads a document and holds it against the schema and its limits; every fault that was found, if it does not pass. */
export function readDocument(
  query: string,
  { introspection }: { introspection: boolean },
): { document: DocumentNode } | { errors: readonly GraphQLError[] } {
  try {
    const document = parse(query, { maxTokens: MAX_TOKENS });
    const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    const faults = validate(INVENTORY_SYNC_SCHEMA, document, rules, { hideSuggestions: !introspection });
    if (faults.length > 0) return { errors: faults };
    // Only now: the rule follows fragments, and those of a valid document go in no circles.
    const depths = validate(INVENTORY_SYNC_SCHEMA, document, [DEPTH_RULE]);
    return depths.length > 0 ? { errors: depths } : { document };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
}

const sizeOf = ({ first, last }: { [name: string]: unknown }): number => {
  const asked = [first, last].filter((size) => typeof size === 'number');
  return asked.length === 0 ? DEFAULT_PAGE_SIZE : Math.max(0, ...asked);
};

/** 1 for a query, 1 for each node that a list may return, a fixed price for a mutation. Notes what each field of the root costs. */
const creditsOf =
  (costs: Map<FieldNode, number>): ComplexityEstimator =>
  ({ type, field, node, args, childComplexity }) => {
    const noted = (credits: number): number => {
      costs.set(node, credits);
      return credits;
    };
    if (type.name === 'Mutation') return noted(field.name.startsWith('__') ? 0 : MUTATION_CREDITS);
    if (type.name === 'Query') return noted(field.name.startsWith('__') ? 0 : 1 + childComplexity);
    if (field.args.some(({ name }) => name === 'first')) return sizeOf(args) * Math.max(1, childComplexity);
    if (field.name === 'edges') return Math.max(1, Math.ceil(childComplexity / FIELDS_PER_NODE));
    if (type.name.endsWith('Edge') || type.name.endsWith('Status')) return field.name === 'node' ? childComplexity : 1;
    return 0;
  };

/** What an operation costs, and each field of its root. The document must be valid and its variables usable; throws a GraphQLError otherwise. */
export function costOf(
  query: DocumentNode,
  variables: Record<string, unknown>,
  operationName: string | undefined,
): { credits: number; ofFields: ReadonlyMap<FieldNode, number> } {
  const ofFields = new Map<FieldNode, number>();
  const credits = getComplexity({
    schema: INVENTORY_SYNC_SCHEMA,
    query,
    variables,
    ...(operationName === undefined ? {} : { operationName }),
    estimators: [creditsOf(ofFields)],
  });
  return { credits, ofFields };
}
