import type { FastifyBaseLogger } from 'fastify';
import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import type { KeyHolder } from '../../store/gateway-keys';

/** What belongs to one request: who asks, its name, what its parts cost. */
export type RequestScope = {
  holder: KeyHolder;
  requestId: string;
  log: Pick<FastifyBaseLogger, 'error'>;
  /** Credits by field of the root; set before anything is carried out. */
  costs: ReadonlyMap<FieldNode, number>;
  /** Names in the schema by the names that the caller gave, as far as operations were begun. */
  operations: Map<string, string>;
};

/** What every answer carries beside its own fields. */
export function metaOf(
  { requestId, costs, operations }: RequestScope,
  { path, fieldName, fieldNodes }: GraphQLResolveInfo,
) {
  operations.set(String(path.key), fieldName);
  const complexity = fieldNodes.reduce((sum, node) => sum + (costs.get(node) ?? 0), 0);
  return { request_id: requestId, complexity };
}
