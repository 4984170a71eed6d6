import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, onTestFinished, test } from 'vitest';
import { createActivities, DirectoryStore, LlamaCloudClient } from '../../../src/index.js';
import { registerCommand } from '../../../src/protocol/index.js';
import { runIn } from '../support.js';

/** Opens a run in a namespace whose search attributes can't be asked for, and returns the warnings. */
async function openAndWarn(attempt: number): Promise<string[]> {
  const output = await mkdtemp(join(tmpdir(), 'open-'));
  onTestFinished(() => rm(output, { recursive: true }));
  const { openBatch } = createActivities({
    llamacloud: new LlamaCloudClient({ apiKey: 'llx-key' }),
    outputs: new DirectoryStore(output),
  });
  const warnings: string[] = [];
  const logger = new DefaultLogger('WARN', ({ message }) => warnings.push(message));
  const environment = new MockActivityEnvironment({ attempt, namespace: 'documents' }, { logger });
  const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
  const { searchAttributes } = await runIn(environment, openBatch, { directoryId: 'dir-1', job });
  expect(searchAttributes).toBe(false);
  return warnings;
}

test('the warning about missing search attributes holds the command that registers them in the namespace', async () => {
  const [warning, ...rest] = await openAndWarn(1);
  expect(rest).toEqual([]);
  expect(warning).toContain('namespace documents');
  expect(warning?.endsWith(`run: ${registerCommand('documents')}`)).toBe(true);
});

test('it is logged by the first attempt only', async () => {
  expect(await openAndWarn(2)).toEqual([]);
});
