import { expect, it } from 'vitest';
import { toCliError } from '../../src/cli/to-cli-error.js';

const TARGET = { address: 'temporal.example.com:7233', namespace: 'documents' };

it('tells a server that does not answer from a namespace that does not exist and from denied access', () => {
  const types = [
    grpcError(14, 'No connection established'),
    grpcError(4, 'Deadline exceeded'),
    named('TransportError', 'tonic::transport::Error(Transport, ConnectError(...))'),
    grpcError(5, 'Namespace documents is not found.'),
    named('NamespaceNotFoundError', "Namespace not found: 'documents'"),
    grpcError(7, 'Request unauthorized.'),
    named(
      'TransportError',
      `Failed to call GetSystemInfo: code: 'The request does not have valid authentication credentials', message: "no"`,
    ),
    grpcError(5, 'sql: no rows in result set'),
  ].map((error) => toCliError(error, TARGET).type);
  expect(types).toEqual([
    'TemporalUnreachable',
    'TemporalUnreachable',
    'TemporalUnreachable',
    'NamespaceNotFound',
    'NamespaceNotFound',
    'TemporalNotAuthorized',
    'TemporalNotAuthorized',
    'TemporalNotFound',
  ]);
});

it('finds the status of gRPC below the error of the SDK, and says which server and namespace it is about', () => {
  const error = new Error('Failed to start Workflow', { cause: grpcError(5, 'Namespace documents is not found.') });
  expect(toCliError(error, TARGET)).toMatchObject({
    message: 'Namespace documents does not exist on the Temporal server at temporal.example.com:7233',
    hint: expect.stringContaining('temporal operator namespace create --namespace documents'),
    exitCode: 1,
    cause: error,
  });
});

it('exits with 2 for arguments that Temporal rejects, and with 1 for errors that it does not know', () => {
  expect(toCliError(grpcError(3, 'WorkflowId length exceeds limit.'), TARGET)).toMatchObject({
    message: 'Temporal rejected the request: WorkflowId length exceeds limit.',
    exitCode: 2,
  });
  expect(toCliError(named('RangeError', 'out of range'), TARGET)).toMatchObject({
    type: 'RangeError',
    message: 'out of range',
    exitCode: 1,
  });
  expect(toCliError('thrown text', TARGET)).toMatchObject({ message: 'thrown text', exitCode: 1 });
});

it('exits with 2 for an input that the client rejects, and names its type', () => {
  const error = Object.assign(named('ApplicationFailure', 'timeout: at most 365 days'), { type: 'InvalidInput' });
  const expected = { type: 'InvalidInput', message: 'timeout: at most 365 days', exitCode: 2 };
  expect(toCliError(error, TARGET)).toMatchObject(expected);
});

function grpcError(code: number, details: string): Error {
  return Object.assign(new Error(`${code}: ${details}`), { code, details });
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
