import {
  CliError,
  NamespaceNotFoundError,
  type TemporalTarget,
  TemporalUnreachableError,
  UsageError,
} from './errors.js';
import { findGrpcStatus, GRPC_CODES, type GrpcStatus } from './grpc-status.js';

/**
 * Turns what a command threw into an error for people. Tells errors apart by their name, so that the SDK, which takes a second
 * to load, is not loaded for it.
 */
export function toCliError(error: unknown, target: TemporalTarget): CliError {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return new NamedError('Error', String(error));
  const known = fromName(error, target);
  if (known !== undefined) return known;
  const status = findGrpcStatus(error);
  return status === undefined
    ? new NamedError(error.name, error.message, undefined, error)
    : fromGrpc(error, status, target);
}

/** An error whose type is the name of its cause. */
class NamedError extends CliError {
  override readonly type: string;

  constructor(type: string, message: string, hint?: string, cause?: unknown) {
    super(message, hint, cause);
    this.type = type;
  }
}

/** A {@link NamedError} about arguments or the configuration. */
class NamedUsageError extends UsageError {
  override readonly type: string;

  constructor(type: string, message: string, hint: string | undefined, cause: unknown) {
    super(message, hint, cause);
    this.type = type;
  }
}

function fromName(error: Error, target: TemporalTarget): CliError | undefined {
  const { name, message } = error;
  switch (name) {
    case 'ApplicationFailure':
      // The client rejects a wrong input before it starts anything.
      return 'type' in error && error.type === 'InvalidInput'
        ? new NamedUsageError(error.type, message, undefined, error)
        : undefined;
    case 'ConfigError':
      return new NamedUsageError(name, message, 'Correct these settings, then run the command again.', error);
    case 'OutputError':
      return new NamedUsageError(
        name,
        message,
        'Set LLAMACLOUD_OUTPUT to a folder, or an s3:// location, that this user can write to.',
        error,
      );
    case 'ConnectionError':
      return new NamedError(name, message, 'Check the network and LLAMA_CLOUD_BASE_URL.', error);
    case 'HttpStatusError':
      return new NamedError(name, message, toStatusHint('status' in error ? error.status : undefined), error);
    case 'NamespaceNotFoundError':
      return new NamespaceNotFoundError(target, error);
    case 'NoWorkerError':
      return new NamedError(
        name,
        message,
        `For example: temporal-llamacloud worker --task-queue ${'taskQueue' in error ? error.taskQueue : 'NAME'}`,
        error,
      );
    case 'WorkflowNotFoundError':
      return new NamedError(
        name,
        `The workflow does not exist in ${renderTarget(target)}`,
        'Check the workflow id and --namespace.',
        error,
      );
    case 'ScheduleNotFoundError':
      return new NamedError(
        name,
        `The schedule does not exist in ${renderTarget(target)}`,
        'List the schedules: temporal-llamacloud schedule list',
        error,
      );
    case 'ScheduleAlreadyRunning':
      return new NamedError(
        name,
        'A schedule with this id already exists',
        'Choose another --id, or delete the schedule first: temporal-llamacloud schedule delete ID',
        error,
      );
    case 'TransportError':
      return fromTransport(error, target);
    default:
      return undefined;
  }
}

/** What to do about a status of LlamaCloud. */
function toStatusHint(status: unknown): string | undefined {
  switch (status) {
    case 401:
      return 'Check the API key. A key belongs to one region: LLAMA_CLOUD_BASE_URL has to be the URL of the same one.';
    case 402:
      return 'The account is out of credits.';
    case 403:
      return 'Check whether the API key may use this project, and --project-id and --organization-id.';
    case 404:
      return 'Check the id, the project of the API key, and --project-id.';
    case 429:
      return 'There are too many requests. Run the command again in a minute.';
    default:
      return undefined;
  }
}

/** How tonic, the gRPC of the worker's connection, describes the status. */
const NOT_AUTHORIZED = [
  'The caller does not have permission to execute the specified operation',
  'The request does not have valid authentication credentials',
];

/** The worker's connection has one error for everything. The text holds the gRPC status where the server has answered. */
function fromTransport(error: Error, target: TemporalTarget): CliError {
  const [, code = '', details = ''] = /\bcode: '([^']*)'(?:, message: "([^"]*)")?/.exec(error.message) ?? [];
  if (NOT_AUTHORIZED.includes(code)) return notAuthorized(details, target, error);
  return new TemporalUnreachableError(target, error);
}

function fromGrpc(error: Error, { code, details }: GrpcStatus, target: TemporalTarget): CliError {
  switch (code) {
    case GRPC_CODES.unavailable:
    case GRPC_CODES.deadlineExceeded:
      return new TemporalUnreachableError(target, error);
    case GRPC_CODES.permissionDenied:
    case GRPC_CODES.unauthenticated:
      return notAuthorized(details, target, error);
    case GRPC_CODES.notFound:
      return /^namespace\b.*\bnot found/i.test(details)
        ? new NamespaceNotFoundError(target, error)
        : new NamedError(
            'TemporalNotFound',
            `Temporal did not find it: ${details}`,
            'Check the id and --namespace.',
            error,
          );
    case GRPC_CODES.invalidArgument:
      return new NamedUsageError('InvalidArgument', `Temporal rejected the request: ${details}`, undefined, error);
    default:
      return new NamedError(error.name, `Temporal answered with an error: ${details}`, undefined, error);
  }
}

function notAuthorized(details: string, target: TemporalTarget, cause: unknown): CliError {
  return new NamedError(
    'TemporalNotAuthorized',
    `Temporal at ${target.address} denied access: ${details}`,
    'Check TEMPORAL_API_KEY, TEMPORAL_TLS_* and --namespace.',
    cause,
  );
}

function renderTarget({ address, namespace }: TemporalTarget): string {
  return `namespace ${namespace} at ${address}`;
}
