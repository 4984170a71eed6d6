/** Turns whatever a command threw into one sentence and a hint. Tells errors by name, so that nothing has to be loaded. */
import { CliError, type Explanation, type Place, TemporalUnreachable } from './errors.js';

const GRPC = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export function explain(error: unknown, place?: Place): Explanation {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return { type: 'Error', message: String(error), exitCode: 1 };
  return named(error, place) ?? grpc(error, place) ?? { type: error.name, message: error.message, exitCode: 1 };
}

function named(error: Error, place: Place | undefined): Explanation | undefined {
  const { name, message } = error;
  switch (name) {
    case 'ConfigError':
      return { type: name, message, hint: 'Set them in the environment, then run the command again.', exitCode: 2 };
    case 'OutputError':
      return { type: name, message, hint: 'Set LLAMACLOUD_OUTPUT to a folder that can be written to.', exitCode: 2 };
    case 'WorkflowNotFoundError':
      return {
        type: name,
        message: `There is no such workflow in ${nameOf(place)}`,
        hint: 'Check the workflow id, and --namespace.',
        exitCode: 1,
      };
    case 'ScheduleNotFoundError':
      return {
        type: name,
        message: `There is no such schedule in ${nameOf(place)}`,
        hint: 'See those that are there: temporal-llamacloud schedule list',
        exitCode: 1,
      };
    case 'ScheduleAlreadyRunning':
      return {
        type: name,
        message: 'There is a schedule of this id already',
        hint: 'Choose another --id, or delete it first: temporal-llamacloud schedule delete ID',
        exitCode: 1,
      };
    case 'TransportError':
      return new TemporalUnreachable(place, error);
    default:
      return undefined;
  }
}

function grpc(error: Error, place: Place | undefined): Explanation | undefined {
  const status = statusOf(error);
  if (status === undefined) return undefined;
  switch (status.code) {
    case GRPC.unavailable:
    case GRPC.deadlineExceeded:
      return new TemporalUnreachable(place, error);
    case GRPC.permissionDenied:
    case GRPC.unauthenticated:
      return {
        type: 'NotAuthorized',
        message: `Temporal at ${place?.address} did not let us in: ${status.details}`,
        hint: 'Check TEMPORAL_API_KEY, or TEMPORAL_TLS_*, and --namespace.',
        exitCode: 1,
      };
    case GRPC.notFound:
      return { type: 'NotFound', message: `Temporal says: ${status.details}`, hint: 'Check --namespace.', exitCode: 1 };
    case GRPC.invalidArgument:
      return { type: 'InvalidArgument', message: `Temporal did not accept it: ${status.details}`, exitCode: 2 };
    default:
      return { type: error.name, message: `Temporal says: ${status.details}`, exitCode: 1 };
  }
}

function nameOf(place: Place | undefined): string {
  return place === undefined ? 'this namespace' : `namespace ${place.namespace} of ${place.address}`;
}

/** The gRPC status in a chain of causes: the SDK wraps it. */
export function statusOf(error: unknown): { code: number; details: string } | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'number' && 'details' in current) {
      return { code: current.code, details: String(current.details) };
    }
  }
  return undefined;
}
