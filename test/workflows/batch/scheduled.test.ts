import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalTemporal, startLocalTemporal } from '../../../src/testing/index.js';
import { files, parse, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const TIMEOUT_MS = 120_000;

describe('a schedule over one directory', () => {
  let temporal: LocalTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    env = await startTestEnvironment(temporal);
  });

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  test(
    'creates a batch each time, even when the directory has not changed',
    async () => {
      const { id } = await env.emulator.addDirectory(files(1));
      const schedule = await env.batches.schedule(parse(id), { scheduleId: `unchanged-${id}`, every: '1 second' });
      const workflowIds = await until(
        'two runs',
        async () => {
          const { recentActions } = (await schedule.handle.describe()).info;
          return recentActions.length >= 2 && recentActions.map(({ action }) => action.workflow.workflowId);
        },
        TIMEOUT_MS,
      );
      await schedule.delete();
      const reports = await Promise.all(workflowIds.map((workflowId) => env.batches.attach(workflowId).result()));
      for (const { files } of reports) expect(files).toMatchObject({ total: 1, completed: 1 });
      expect(new Set(reports.map(({ batchId }) => batchId)).size).toBe(workflowIds.length);
    },
    TIMEOUT_MS,
  );
});
