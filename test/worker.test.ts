import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGrpcServiceError } from '@temporalio/client';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import type { WorkerConfig } from '../src/config/config.js';
import { findFreePort } from '../src/testing/temporal/free-port.js';
import { startWorker } from '../src/worker.js';
import { openNamespace, type TestNamespace } from './support/namespace.js';

describe('startWorker', () => {
  let temporal: TestNamespace;

  beforeAll(async () => {
    temporal = await openNamespace();
  });

  const start = async (where: { address?: string; namespace?: string }) => {
    const output = await mkdtemp(join(tmpdir(), 'worker-'));
    onTestFinished(() => rm(output, { recursive: true }));
    const { address = temporal.address, namespace = temporal.namespace } = where;
    const config: WorkerConfig = {
      llamacloud: { apiKey: 'llx-key', baseUrl: 'http://127.0.0.1:1' },
      output,
      temporal: { connection: { address }, namespace, taskQueue: 'worker-test' },
    };
    return startWorker(config, { workflowBundle: { codePath: inject('workflowBundle') } });
  };

  test('starts a worker that stops when it is told to', async () => {
    const worker = await start({});
    await worker.stop();
    await worker.stopped;
  });

  test('tells a namespace that does not exist by the code NOT_FOUND', async () => {
    const error: unknown = await start({ namespace: 'nope' }).catch((error: unknown) => error);
    expect(isGrpcServiceError(error)).toBe(true);
    expect(error).toMatchObject({ code: 5, message: expect.stringContaining('nope') });
  });

  test('tells a server that can not be reached by a TransportError', async () => {
    const address = `127.0.0.1:${await findFreePort()}`;
    await expect(start({ address })).rejects.toMatchObject({ name: 'TransportError' });
  });
});
