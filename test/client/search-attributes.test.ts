import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerSearchAttributes } from '../../src/index.js';
import { registerCommand } from '../../src/protocol/index.js';
import { type LocalTemporal, startLocalTemporal } from '../../src/testing/index.js';
import { runCommand } from '../../src/testing/temporal/run-command.js';

const NAMES = ['LlamaCloudBatchId', 'LlamaCloudBatchStatus', 'LlamaCloudDirectoryId', 'LlamaCloudJobType'];

let temporal: LocalTemporal;

beforeAll(async () => {
  temporal = await startLocalTemporal();
});

afterAll(() => temporal?.close());

const createNamespace = async (namespace: string) => {
  const { executable, address } = temporal;
  const args = ['operator', 'namespace', 'create', '--namespace', namespace, '--address', address];
  expect(await runCommand(executable.path, args, { env: process.env })).toMatchObject({ code: 0 });
  return namespace;
};

const registered = async (namespace: string) => {
  const { operatorService } = temporal.client.connection;
  return (await operatorService.listSearchAttributes({ namespace })).customAttributes;
};

test('those that are missing are registered as Keywords, and are left alone the next time', async () => {
  const namespace = await createNamespace('registered');
  const { connection } = temporal.client;
  expect((await registerSearchAttributes(connection, namespace)).sort()).toEqual(NAMES);
  expect(await registered(namespace)).toEqual(Object.fromEntries(NAMES.map((name) => [name, 2])));
  expect(await registerSearchAttributes(connection, namespace)).toEqual([]);
});

test('the command that a worker shows when they are missing registers all of them', async () => {
  const namespace = await createNamespace('by-command');
  const [command, ...args] = registerCommand(namespace).split(' ');
  expect(command).toBe('temporal');
  const { executable, address } = temporal;
  const result = await runCommand(executable.path, [...args, '--address', address], { env: process.env });
  expect(result).toMatchObject({ code: 0 });
  expect(await registered(namespace)).toEqual(Object.fromEntries(NAMES.map((name) => [name, 2])));
});

test('a name that is registered with another type is an error that names it', async () => {
  const namespace = await createNamespace('wrong-type');
  const { connection } = temporal.client;
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { LlamaCloudJobType: 3 } });
  await expect(registerSearchAttributes(connection, namespace)).rejects.toThrow(
    'In namespace wrong-type, LlamaCloudJobType is registered, but not as a Keyword',
  );
});
