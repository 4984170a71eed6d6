import { temporal as api } from '@temporalio/proto';
import { beforeAll, describe, expect, test } from 'vitest';
import { openNamespace, type TestNamespace } from '../../../support/namespace.js';
import { parseInput } from '../../../support/test-environment.js';
import { until } from '../../../support/until.js';
import { deployWorker, startProcess, untilPolling } from './support.js';

const { VersioningBehavior } = api.api.enums.v1;

const FILES = [
  { name: 'a.md', content: '# A' },
  { name: 'b.md', content: '# B' },
];

/** The batch ends when the test says so. */
const OPEN = { batchRunningMs: 3_600_000, jobRunningMs: 3_600_000 };

describe('a second version of the worker, deployed under a running batch', () => {
  let temporal: TestNamespace;

  beforeAll(async () => {
    temporal = await openNamespace();
  });

  /** As `temporal worker deployment set-current-version`. The server takes a version once it polls. */
  const setCurrent = async (deploymentName: string, buildId: string) => {
    const { namespace, client } = temporal;
    let refusal: unknown;
    await until(
      `version ${buildId}`,
      async () => {
        try {
          await client.workflowService.setWorkerDeploymentCurrentVersion({ namespace, deploymentName, buildId });
          return true;
        } catch (error) {
          refusal = error;
          return false;
        }
      },
      120_000,
    ).catch(() => {
      throw refusal;
    });
  };

  const readVersion = async (workflowId: string) => {
    const { raw } = await temporal.client.workflow.getHandle(workflowId).describe();
    const { behavior, deploymentVersion } = raw.workflowExecutionInfo?.versioningInfo ?? {};
    return { behavior, buildId: deploymentVersion?.buildId };
  };

  test('goes on with it: the first one can be stopped at once, and no batch is lost or created twice', async () => {
    const version = { TEMPORAL_DEPLOYMENT_NAME: 'upgraded' };
    const { worker, emulator, batches, env } = await deployWorker(
      temporal,
      { ...version, TEMPORAL_WORKER_BUILD_ID: 'first' },
      OPEN,
    );
    await untilPolling(worker);
    await setCurrent('upgraded', 'first');
    const { id } = await emulator.addDirectory(FILES);
    const run = await batches.start(parseInput(id));
    const batchId = await until('the batch', async () => (await run.progress()).batchId ?? undefined);
    expect(await readVersion(run.workflowId)).toEqual({
      behavior: VersioningBehavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE,
      buildId: 'first',
    });

    const second = startProcess({ ...env, TEMPORAL_WORKER_BUILD_ID: 'second' });
    await untilPolling(second);
    await setCurrent('upgraded', 'second');
    expect((await worker.stop('SIGTERM')).code).toBe(0);
    emulator.batches.finish(batchId);
    emulator.batches.finishJobs(batchId);
    expect((await run.result()).files).toMatchObject({ completed: 2 });
    expect((await readVersion(run.workflowId)).buildId).toBe('second');
    expect(emulator.batches.list()).toHaveLength(1);
  });

  test('leaves a pinned run to the first one, and takes new runs', async () => {
    const version = { TEMPORAL_DEPLOYMENT_NAME: 'pinned', LLAMACLOUD_VERSIONING_BEHAVIOR: 'pinned' };
    const { worker, emulator, batches, env } = await deployWorker(
      temporal,
      { ...version, TEMPORAL_WORKER_BUILD_ID: 'first' },
      OPEN,
    );
    await untilPolling(worker);
    await setCurrent('pinned', 'first');
    const [before, after] = [await emulator.addDirectory(FILES), await emulator.addDirectory(FILES)];
    const pinned = await batches.start(parseInput(before.id));
    await until('the batch', async () => (await pinned.progress()).batchId ?? undefined);
    const second = startProcess({ ...env, TEMPORAL_WORKER_BUILD_ID: 'second' });
    await untilPolling(second);
    await setCurrent('pinned', 'second');
    const next = await batches.start(parseInput(after.id));
    await until('both batches', async () => (await next.progress()).batchId ?? undefined);
    for (const { id } of emulator.batches.list()) {
      emulator.batches.finish(id);
      emulator.batches.finishJobs(id);
    }
    expect((await pinned.result()).files).toMatchObject({ completed: 2 });
    expect((await next.result()).files).toMatchObject({ completed: 2 });
    const behavior = VersioningBehavior.VERSIONING_BEHAVIOR_PINNED;
    expect(await readVersion(pinned.workflowId)).toEqual({ behavior, buildId: 'first' });
    expect(await readVersion(next.workflowId)).toEqual({ behavior, buildId: 'second' });
  });
});
