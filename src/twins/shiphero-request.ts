import {
  type DocumentNode,
  GraphQLError,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { z } from 'zod';
import { SHIPHERO_SCHEMA } from './shiphero-schema';

const graphqlRequest = z.strictObject({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

function documentOf(body: unknown) {
  const { query, variables, operationName } = graphqlRequest.parse(body);
  const document = parse(query, { maxTokens: 10_000 });
  return { document, variables: variables ?? {}, operationName: operationName ?? undefined };
}

/** The first field of the root, which is what faults call the request's operation; undefined for what cannot be read. */
export function shipheroOperationOf(body: unknown): string | undefined {
  try {
    const { document, operationName } = documentOf(body);
    const first = getOperationAST(document, operationName)?.selectionSet.selections[0];
    return first !== undefined && 'name' in first ? first.name?.value : undefined;
  } catch {
    return undefined;
  }
}

type Read =
  | {
      ok: true;
      document: DocumentNode;
      operation: OperationDefinitionNode;
      /** As they were sent. */
      variables: Record<string, unknown>;
      /** With their defaults. */
      values: Record<string, unknown>;
    }
  | { ok: false; errors: readonly { message: string }[] };

/** Reads the body of a GraphQL request and holds it against the schema. */
export function readRequest(body: unknown): Read {
  try {
    const { document, variables, operationName } = documentOf(body);
    const operation = getOperationAST(document, operationName);
    if (!operation) return { ok: false, errors: [{ message: 'Must provide an operation.' }] };
    const faults = validate(SHIPHERO_SCHEMA, document);
    if (faults.length > 0) return { ok: false, errors: faults };
    const values = getVariableValues(SHIPHERO_SCHEMA, operation.variableDefinitions ?? [], variables);
    if (values.errors !== undefined) return { ok: false, errors: values.errors };
    return { ok: true, document, operation, variables, values: values.coerced };
  } catch (error) {
    if (error instanceof z.ZodError) return { ok: false, errors: [{ message: 'Must provide a query string.' }] };
    if (error instanceof GraphQLError) return { ok: false, errors: [error] };
    throw error;
  }
}
