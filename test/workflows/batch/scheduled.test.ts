import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalTemporal, startLocalTemporal } from '../../../src/testing/index.js';
import { files, parse, type Stage, setStage } from '../../support/stage.js';
import { until } from '../../support/until.js';

describe('a schedule over one directory', () => {
  let temporal: LocalTemporal;
  let stage: Stage;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    stage = await setStage(temporal);
  });

  afterAll(async () => {
    await stage?.close();
    await temporal?.close();
  });

  test('creates a batch each time, also when the directory has not changed', async () => {
    const { id } = await stage.emulator.addDirectory(files(1));
    const schedule = await stage.batches.schedule(parse(id), { scheduleId: `unchanged-${id}`, every: '1 second' });
    const reports = await until('two completed runs', async () => {
      const { recentActions } = (await schedule.handle.describe()).info;
      const ids = recentActions.map(({ action }) => action.workflow.workflowId);
      return (
        ids.length >= 2 && Promise.all(ids.slice(0, 2).map((workflowId) => stage.batches.attach(workflowId).result()))
      );
    });
    await schedule.delete();
    expect(reports.map(({ files }) => files.completed)).toEqual([1, 1]);
    expect(reports[0]?.batchId).not.toBe(reports[1]?.batchId);
    const batches = stage.emulator.batches.list().filter(({ directoryId }) => directoryId === id);
    expect(batches.length).toBeGreaterThanOrEqual(2);
  });
});
