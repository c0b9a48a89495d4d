import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { Config } from '../config';
import { ConfigError } from '../config';
import { Problem } from '../starter/problems';
import { isDatabaseDown } from '../store/database';

/** A command that could not do its work, in words that name the field or the id; `data` goes into the JSON answer only. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  constructor(
    message: string,
    readonly faults: readonly string[] = [],
    readonly data: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** A command line that does not fit: exit code 2. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
}

/** What a person is told of a failure: one line, more only where several things are wrong. */
export interface SaidFailure {
  message: string;
  faults: readonly string[];
  data: Readonly<Record<string, unknown>>;
}

/** gRPC status codes that tell a server that is not there from one that refuses. */
const GRPC = {
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** The code that Node and mysql2 give their errors: `ENOENT`, `ER_DUP_ENTRY`. */
export const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

function mysqlWords(code: unknown, config: Config): string | undefined {
  const { host, pathname } = new URL(config.mysqlUrl);
  switch (code) {
    case 'ER_NO_SUCH_TABLE':
      return 'the tables are not there yet: run `setup` first';
    case 'ER_BAD_DB_ERROR':
      return `MYSQL_URL: there is no database ${pathname.slice(1)} at ${host}`;
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_DBACCESS_DENIED_ERROR':
      return `MYSQL_URL: MySQL at ${host} refuses the user or its password`;
    default:
      return undefined;
  }
}

/** The cause of a failure that Temporal's client wraps into others. */
function grpcCauseOf(error: unknown): { code: number; details: string } | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return { code: cause.code, details: cause.details };
  }
  return undefined;
}

function temporalWords(error: unknown, config: Config): string | undefined {
  const { address, namespace } = config.temporal;
  const silent = `Temporal does not answer at ${address}: start it, or correct TEMPORAL_ADDRESS`;
  const grpc = grpcCauseOf(error);
  if (!grpc) return error instanceof ServiceError ? silent : undefined;
  switch (grpc.code) {
    case GRPC.UNAVAILABLE:
    case GRPC.DEADLINE_EXCEEDED:
      return silent;
    case GRPC.NOT_FOUND:
      return grpc.details.toLowerCase().includes('namespace')
        ? `Temporal at ${address} has no namespace ${namespace}: create it, or correct TEMPORAL_NAMESPACE`
        : `Temporal at ${address}: ${grpc.details}`;
    case GRPC.PERMISSION_DENIED:
    case GRPC.UNAUTHENTICATED:
      return `Temporal at ${address} refuses the credentials for namespace ${namespace}`;
    default:
      return `Temporal at ${address}: ${grpc.details}`;
  }
}

/** Puts a failure into words. Without a configuration the environment itself was at fault. */
export function sayFailure(error: unknown, config: Config | undefined): SaidFailure {
  if (error instanceof CliError) return { message: error.message, faults: error.faults, data: error.data };
  if (error instanceof ConfigError) return { message: 'The environment is not usable', faults: error.faults, data: {} };
  if (error instanceof Problem) {
    const faults = error.errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    return { message: error.detail, faults, data: {} };
  }
  const plain = (message: string): SaidFailure => ({ message, faults: [], data: {} });
  if (config) {
    if (isDatabaseDown(error)) {
      return plain(`MySQL does not answer at ${new URL(config.mysqlUrl).host}: start it, or correct MYSQL_URL`);
    }
    const words = mysqlWords(codeOf(error), config) ?? temporalWords(error, config);
    if (words !== undefined) return plain(words);
  }
  return plain(error instanceof Error && error.message !== '' ? error.message : String(error));
}
