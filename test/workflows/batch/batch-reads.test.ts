import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFailure } from '../../../src/index.js';
import { type LocalTemporal, startLocalTemporal, TARGETS } from '../../../src/testing/index.js';
import { failureOf, reportIn } from '../../support/failure.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('a batch that is read again', () => {
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

  test('as CANCELLED and without results keeps the manifest of an earlier run', async () => {
    const { id } = await env.emulator.addDirectory(files(2));
    const first = await (await env.batches.start(parseInput(id))).result();
    const { batchId } = first;
    env.emulator.batches.setStatus(batchId, 'CANCELLED');
    env.emulator.batches.setResults(batchId, () => null);
    const options = { batchId, resultsGracePeriod: '1 second' } as const;
    const failure = await failureOf((await env.batches.start(options)).result());
    expect(isFailure(failure, 'BatchCancelled')).toBe(true);
    expect(failure.message).toContain('LlamaCloud returned no results');
    const { manifest } = reportIn(failure);
    expect(await env.manifest(manifest)).toEqual([]);
    expect(manifest).not.toBe(first.manifest);
    expect(await env.manifest(first.manifest)).toHaveLength(2);
  });

  test('as CANCELLED and without results after its first page counts the other files as skipped', async () => {
    const { id } = await env.emulator.addDirectory(files(3));
    const run = await env.batches.start({ ...parseInput(id), pageSize: 1, resultsGracePeriod: '1 second' });
    const { id: batchId } = await env.untilCreated(id);
    let isRead = false;
    env.emulator.batches.setResults(batchId, (rows) => {
      if (isRead || rows?.length !== 3 || rows.some(({ job_reference }) => job_reference === null)) return null;
      isRead = true;
      return rows;
    });
    await until('the second page', async () => {
      const { files, phase } = await run.progress();
      return files.completed === 1 && phase === 'expanding';
    });
    env.emulator.batches.setStatus(batchId, 'CANCELLED');
    const { files: counts, manifest } = reportIn(await failureOf(run.result()));
    expect(counts).toEqual({ total: 3, completed: 1, failed: 0, cancelled: 0, skipped: 2 });
    expect(await env.manifest(manifest)).toHaveLength(1);
  });

  test('as RUNNING, with results, is COMPLETED all the same, and the limits of failed files apply', async () => {
    const { id } = await env.emulator.addDirectory(files(2));
    env.emulator.rewrite(TARGETS.getBatch, (body) => {
      if (!(body instanceof Object && 'results' in body && Array.isArray(body.results))) return body;
      const results = body.results.map((row, index) =>
        index === 0 ? { ...row, job_reference: null, error_message: 'unreadable' } : row,
      );
      return { ...body, results, status: 'RUNNING' };
    });
    const failure = await failureOf((await env.batches.start({ ...parseInput(id), maxFailedFiles: 0 })).result());
    expect(isFailure(failure, 'TooManyFailedFiles')).toBe(true);
    expect(reportIn(failure).status).toBe('COMPLETED');
  });
});
