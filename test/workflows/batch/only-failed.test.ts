import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ManifestLine } from '../../../src/index.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

describe('a run with onlyFailed', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
  });

  afterAll(() => env?.close());

  const batchesOver = (id: string) => env.emulator.batches.list().filter((batch) => batch.directoryId === id);

  test('only what has no document is processed again, and a second time nothing', async () => {
    const { id } = await env.emulator.addDirectory([...files(2), { name: 'late.md', content: '# Late\n' }]);
    const first = await env.batches.start(parseInput(id));
    const batch = await env.untilCreated(id);
    const late = batch.files.find((file) => file.name === 'late.md');
    env.emulator.jobs.setStatus(late?.jobId ?? '', 'FAILED', 'out of paper');
    const before = await first.result();
    expect(before.files).toMatchObject({ completed: 2, failed: 1 });

    env.emulator.jobs.setStatus(late?.jobId ?? '', null);
    const again = async (name: string) => {
      const asked = env.emulator.requests.length;
      const run = await env.batches.start(
        { batchId: before.batchId, onlyFailed: true },
        { workflowId: `${name}-${id}` },
      );
      const report = await run.result();
      const jobs = env.emulator.requests.slice(asked).filter(({ path }) => path.startsWith('/api/v2/parse/')).length;
      return { report, jobs, lines: await env.manifest(report.manifest) };
    };
    const second = await again('second');
    expect(second.jobs).toBe(1);
    expect(second.report).toMatchObject({ batchId: before.batchId, files: { total: 3, completed: 3, failed: 0 } });
    const third = await again('third');
    expect(third.jobs).toBe(0);
    expect(byFile(third.lines)).toEqual(byFile(second.lines));
    expect(third.report).toEqual(second.report);
    expect(batchesOver(id)).toHaveLength(1);
  });
});

/** LlamaCloud answers the rows in another order each time. */
function byFile(lines: ManifestLine[]): ManifestLine[] {
  return lines.toSorted((a, b) => a.fileId.localeCompare(b.fileId));
}
