import { expect, it } from 'vitest';
import { readRunStatus } from '../../../src/cli/runs/run-status.js';
import type { TemporalClients } from '../../../src/cli/temporal.js';

it.each([
  ['RUNNING', undefined, true],
  ['PAUSED', undefined, true],
  ['TERMINATED', new Date(), false],
])('a run that is %s', async (name, closeTime, isOpen) => {
  const describe = async () => ({ type: 'processBatch', runId: 'run-1', status: { name }, closeTime });
  const temporal = { client: { workflow: { getHandle: () => ({ describe }) } } } as unknown as TemporalClients;
  expect(await readRunStatus(temporal, 'run')).toMatchObject({ status: name, isOpen });
});
