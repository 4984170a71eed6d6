import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isFailure } from '../../../src/index.js';
import { failureOf, reportIn } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('a run that ends between two pages', () => {
  let env: TestEnvironment;
  /** While it is not null, parts of manifests are written only once it says so. */
  let writes: { isAsked: boolean; isAllowed: boolean } | null = null;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), {
      activities: ({ writeManifest }) => ({
        writeManifest: async (...args: Parameters<typeof writeManifest>) => {
          const held = writes;
          if (held !== null) {
            held.isAsked = true;
            await until('the permission to write', () => held.isAllowed);
          }
          return writeManifest(...args);
        },
      }),
    });
  });

  afterEach(() => {
    writes = null;
  });

  afterAll(() => env?.close());

  /** Parts of manifests are written only once they are released, until the end of the test. */
  function holdWrites() {
    const held = { isAsked: false, isAllowed: false };
    writes = held;
    const release = () => {
      held.isAllowed = true;
    };
    return { release, writing: () => until('the write of a part', () => held.isAsked) };
  }

  test('because it was cancelled while a part of its manifest was written does not go on', async () => {
    const { release, writing } = holdWrites();
    const { id } = await env.emulator.addDirectory(files(3));
    const run = await env.batches.start({ ...parseInput(id), pageSize: 1, onStop: 'leave' });
    await writing();
    await run.cancel();
    await until('the stop', async () => (await run.progress()).phase === 'stopping');
    release();
    await failureOf(run.result());
    expect(await run.progress()).toMatchObject({ phase: 'cancelled', files: { total: 3, completed: 1, skipped: 2 } });
    const report = await run.report();
    expect(await env.manifest(report?.manifest ?? null)).toHaveLength(1);
  });

  test('is complete where it would have ended anyway, and its last details say so', async () => {
    const { release, writing } = holdWrites();
    const { id } = await env.emulator.addDirectory(files(2));
    const run = await env.batches.start(parseInput(id));
    await writing();
    await run.cancel();
    await until('the stop', async () => (await run.progress()).phase === 'stopping');
    release();
    const report = await run.result();
    expect(report.files).toMatchObject({ total: 2, completed: 2 });
    expect(await run.progress()).toMatchObject({ phase: 'completed', failure: null });
  });

  test('because its batch turns out to have failed lists the files of the pages before', async () => {
    const { id } = await env.emulator.addDirectory(files(3));
    let pages = 0;
    const restore = env.emulator.rewrite({ method: 'GET', path: /\/batches\/[^/]+$/ }, (body) => {
      const isExpanded = typeof body === 'object' && body !== null && 'results' in body && body.results !== null;
      if (isExpanded) pages += 1;
      return isExpanded && pages > 1 ? { ...body, status: 'FAILED' } : body;
    });
    const run = await env.batches.start({ ...parseInput(id), pageSize: 1 });
    const failure = await failureOf(run.result());
    restore();
    expect(isFailure(failure, 'BatchFailed')).toBe(true);
    const report = reportIn(failure);
    expect(report?.files).toMatchObject({ total: 3, completed: 1, skipped: 2 });
    expect(await env.manifest(report?.manifest ?? null)).toHaveLength(1);
  });
});
