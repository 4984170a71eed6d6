import { expect, test } from 'vitest';
import { registerSearchAttributes } from '../../src/index.js';
import { registerCommand } from '../../src/protocol/index.js';
import { resolveTemporalCli } from '../../src/testing/index.js';
import { runCommand } from '../../src/testing/temporal/run-command.js';
import { openNamespace, type TestNamespace } from '../support/namespace.js';

const NAMES = [
  'LlamaCloudBatchId',
  'LlamaCloudBatchStatus',
  'LlamaCloudDirectoryId',
  'LlamaCloudJobType',
  'LlamaCloudRunState',
];

const registered = async ({ client, namespace }: TestNamespace) =>
  (await client.connection.operatorService.listSearchAttributes({ namespace })).customAttributes;

test('those that are missing are registered as Keywords, and are left alone the next time', async () => {
  const temporal = await openNamespace();
  const { connection } = temporal.client;
  expect((await registerSearchAttributes(connection, temporal.namespace)).sort()).toEqual(NAMES);
  expect(await registered(temporal)).toEqual(Object.fromEntries(NAMES.map((name) => [name, 2])));
  expect(await registerSearchAttributes(connection, temporal.namespace)).toEqual([]);
});

test('the command that a worker shows when they are missing registers all of them', async () => {
  const temporal = await openNamespace();
  const [command, ...args] = registerCommand(temporal.namespace).split(' ');
  expect(command).toBe('temporal');
  const { path } = await resolveTemporalCli();
  const result = await runCommand(path, [...args, '--address', temporal.address], { env: process.env });
  expect(result).toMatchObject({ code: 0 });
  expect(await registered(temporal)).toEqual(Object.fromEntries(NAMES.map((name) => [name, 2])));
});

test('a name that is registered with another type is an error that names it', async () => {
  const { client, namespace } = await openNamespace();
  const { connection } = client;
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { LlamaCloudJobType: 3 } });
  await expect(registerSearchAttributes(connection, namespace)).rejects.toThrow(
    `In namespace ${namespace}, LlamaCloudJobType is registered, but not as a Keyword`,
  );
});
