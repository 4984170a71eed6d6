import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BatchClient } from '../../src/index.js';
import type { NodeProcess } from '../support/node-process.js';
import { files } from '../support/test-environment.js';
import { until } from '../support/until.js';
import { type ExampleEnvironment, openExample } from './support.js';

describe('the example application', () => {
  let example: ExampleEnvironment;
  let worker: NodeProcess;

  beforeAll(async () => {
    example = await openExample('application');
    worker = example.start('worker.ts');
  });

  afterAll(() => example?.close());

  test('its client runs a batch whose files go through a child workflow of its own', async () => {
    const { id } = await example.emulator.addDirectory(files(2));
    const { code, stdout } = await example.start('client.ts', [id]).end();
    expect(stdout).toMatch(/^2 of 2 files completed\. Manifest: .*application\/out\/bat-.*\/manifest\.jsonl$/m);
    expect(code).toBe(0);
    expect(worker.stdout.match(/^Indexed \d+ words of .*\.md$/gm)).toHaveLength(2);
  });

  test('its schedule starts a run', async () => {
    const { id } = await example.emulator.addDirectory(files(1));
    const { code, stdout } = await example.start('schedule.ts', [id]).end();
    expect(stdout).toBe('Created schedule nightly-invoices\n');
    expect(code).toBe(0);
    const batches = new BatchClient({ client: example.temporal.client });
    const nightly = batches.getSchedule('nightly-invoices');
    await nightly.trigger();
    const workflowId = await until('a run of the schedule', async () => {
      const { info } = await nightly.handle.describe();
      return info.recentActions.at(-1)?.action.workflow.workflowId;
    });
    expect(await batches.attach(workflowId).result()).toMatchObject({ directoryId: id, files: { completed: 1 } });
    await nightly.delete();
  });
});
