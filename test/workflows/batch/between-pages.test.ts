import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createActivities, isFailure, LlamaCloudClient, openOutputStore } from '../../../src/index.js';
import { type LocalTemporal, startLocalTemporal } from '../../../src/testing/index.js';
import { failureOf, reportIn } from '../../support/failure.js';
import { files, parse, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('a run that ends between two pages', () => {
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

  /** A worker that writes parts of manifests only once it is told to. */
  async function setSlowStage() {
    let mayWrite = false;
    const { emulator, output } = env;
    const real = createActivities({
      llamacloud: new LlamaCloudClient({ apiKey: emulator.apiKey, baseUrl: emulator.url }),
      outputs: openOutputStore(output),
    });
    let isWriting = false;
    const writeManifest: typeof real.writeManifest = async (input) => {
      isWriting = true;
      await until('the permission to write', () => mayWrite);
      return real.writeManifest(input);
    };
    const slow = await startTestEnvironment(temporal, { shared: env, activities: { writeManifest } });
    const release = () => {
      mayWrite = true;
    };
    return { slow, release, writing: () => until('the write of a part', () => isWriting) };
  }

  test('because it was cancelled while a part of its manifest was written does not go on', async () => {
    const { slow, release, writing } = await setSlowStage();
    const { id } = await env.emulator.addDirectory(files(3));
    const run = await slow.batches.start({ ...parse(id), pageSize: 1, onStop: 'leave' });
    await writing();
    await run.cancel();
    await until('the stop', async () => (await run.progress()).phase === 'stopping');
    release();
    await failureOf(run.result());
    expect(await run.progress()).toMatchObject({ phase: 'cancelled', files: { total: 3, completed: 1, skipped: 2 } });
    const report = await run.report();
    expect(await env.manifest(report?.manifest ?? null)).toHaveLength(1);
    await slow.close();
  });

  test('is complete where it would have ended anyway, and its last details say so', async () => {
    const { slow, release, writing } = await setSlowStage();
    const { id } = await env.emulator.addDirectory(files(2));
    const run = await slow.batches.start(parse(id));
    await writing();
    await run.cancel();
    await until('the stop', async () => (await run.progress()).phase === 'stopping');
    release();
    const report = await run.result();
    expect(report.files).toMatchObject({ total: 2, completed: 2 });
    expect(await run.progress()).toMatchObject({ phase: 'completed', failure: null });
    await slow.close();
  });

  test('because its batch turns out to have failed lists the files of the pages before', async () => {
    const { id } = await env.emulator.addDirectory(files(3));
    let pages = 0;
    const restore = env.emulator.rewrite({ method: 'GET', path: /\/batches\/[^/]+$/ }, (body) => {
      const isExpanded = typeof body === 'object' && body !== null && 'results' in body && body.results !== null;
      if (isExpanded) pages += 1;
      return isExpanded && pages > 1 ? { ...body, status: 'FAILED' } : body;
    });
    const run = await env.batches.start({ ...parse(id), pageSize: 1 });
    const failure = await failureOf(run.result());
    restore();
    expect(isFailure(failure, 'BatchFailed')).toBe(true);
    const report = reportIn(failure);
    expect(report?.files).toMatchObject({ total: 3, completed: 1, skipped: 2 });
    expect(await env.manifest(report?.manifest ?? null)).toHaveLength(1);
  });
});
