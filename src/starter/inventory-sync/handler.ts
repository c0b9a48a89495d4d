import { type ExecutionResult, type FieldNode, GraphQLError, getOperationAST, getVariableValues } from 'graphql';
import { createHandler, type OperationArgs, type Response } from 'graphql-http';
import { isStoreUnavailable } from '../../store/database';
import { costOf, MAX_CREDITS, readDocument } from './limits';
import { createMutations, type MutationDeps } from './mutations';
import { createQueries, type QueryDeps } from './queries';
import { CODES, shownError } from './refusals';
import { INVENTORY_SYNC_SCHEMA } from './schema';
import type { RequestScope } from './scope';

export type InventorySyncDeps = QueryDeps &
  MutationDeps & {
    /** Tells the schema to whoever asks for it. */
    introspection: boolean;
  };

/** A GraphQL request as it came, its parts checked for their kind only. */
export interface GraphqlRequest {
  query: string;
  variables?: Record<string, unknown> | null | undefined;
  operationName?: string | null | undefined;
}

/** The body is JSON text; 400 says that nothing was carried out because the request cannot be. */
export interface GraphqlAnswer {
  status: 200 | 400;
  body: string;
}

const json = (body: object): Response => [JSON.stringify(body), { status: 200, statusText: 'OK' }];

/** The answer to a request that costs more than any request may, as the protocol says it; nothing was carried out. */
function tooCostly(credits: number, fields: readonly FieldNode[], requestId: string): Response {
  const error = {
    code: CODES.tooCostly,
    message: `The requested operation requires ${credits} credits, but the maximum allowed for a single operation is ${MAX_CREDITS}`,
    operation: fields[0]?.name.value,
    request_id: requestId,
    required_credits: credits,
    remaining_credits: MAX_CREDITS,
    // Waiting does not help.
    time_remaining: null,
  };
  return json({
    errors: [error],
    data: Object.fromEntries(fields.map(({ alias, name }) => [(alias ?? name).value, null])),
  });
}

/** What an operation costs, or that it has more parts than anybody counts: fragments within fragments multiply. */
function priceOf(...operation: Parameters<typeof costOf>): ReturnType<typeof costOf> | GraphQLError {
  try {
    return costOf(...operation);
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

/** What an operation threw; GraphQL wraps what it does not know as an Error. */
const thrownBy = ({ originalError }: GraphQLError): unknown =>
  originalError && 'thrownValue' in originalError ? originalError.thrownValue : originalError;

/** What was carried out, with its errors in the protocol's shape. Throws what says that the database cannot be reached. */
function answerOf({ data, errors = [] }: ExecutionResult, scope: RequestScope): Response {
  const shown = errors.map((error) => {
    const cause = thrownBy(error);
    if (isStoreUnavailable(cause)) throw cause;
    const key = String(error.path?.[0] ?? '');
    const entry = shownError(error, scope.operations.get(key) ?? key, scope.requestId);
    if (entry.code === CODES.internal) {
      const { name } = error.originalError ?? error;
      scope.log.error({ err: { name, message: error.message }, operation: entry.operation }, 'operation failed');
    }
    return entry;
  });
  return json({ ...(shown.length > 0 ? { errors: shown } : {}), data });
}

/** Reads, checks, prices and carries out GraphQL requests of the inventory sync protocol. Throws only when the database cannot be reached, or for a bug. */
export function createInventorySyncHandler(
  deps: InventorySyncDeps,
): (request: GraphqlRequest, scope: Omit<RequestScope, 'costs' | 'operations'>) => Promise<GraphqlAnswer> {
  const rootValue = { ...createQueries(deps), ...createMutations(deps) };

  const handle = createHandler<GraphqlRequest, Omit<RequestScope, 'costs' | 'operations'>, RequestScope>({
    onSubscribe(request, { query, variables, operationName }) {
      const read = readDocument(query, deps);
      if ('errors' in read) return read.errors;
      const { document } = read;
      const operation = getOperationAST(document, operationName);
      if (!operation) return [new GraphQLError('Say by operationName which operation of the document is meant')];
      const values = getVariableValues(INVENTORY_SYNC_SCHEMA, operation.variableDefinitions ?? [], variables ?? {});
      if (values.errors) return values.errors;
      const cost = priceOf(document, variables ?? {}, operation.name?.value);
      if (cost instanceof GraphQLError) return [cost];
      if (cost.credits > MAX_CREDITS) {
        return tooCostly(cost.credits, [...cost.ofFields.keys()], request.context.requestId);
      }
      return {
        schema: INVENTORY_SYNC_SCHEMA,
        document,
        operationName,
        variableValues: variables,
        rootValue,
        contextValue: { ...request.context, costs: cost.ofFields, operations: new Map<string, string>() },
      };
    },
    onOperation: (_request, { contextValue }: OperationArgs<RequestScope>, result) =>
      contextValue && 'data' in result ? answerOf(result, contextValue) : undefined,
  });

  return async (request, scope) => {
    const [body, { status }] = await handle({
      method: 'POST',
      url: '/graphql',
      // The newer media type, whatever the caller sends: with it a request that cannot be carried out is answered 400.
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: { ...request },
      raw: request,
      context: scope,
    });
    return { status: status === 200 ? 200 : 400, body: body ?? '' };
  };
}

export type InventorySyncHandler = ReturnType<typeof createInventorySyncHandler>;
