import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ManifestLine } from '../../../src/index.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

describe('a run with onlyMissing', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
  });

  afterAll(() => env?.close());

  const batchesOver = (id: string) => env.emulator.batches.list().filter((batch) => batch.directoryId === id);

  test('collects only what has no document, and a second time nothing', async () => {
    const { id } = await env.emulator.addDirectory([...files(2), { name: 'broken.md', content: '# Broken\n' }]);
    const first = await env.batches.start(parseInput(id));
    const batch = await env.untilCreated(id);
    const broken = batch.files.find((file) => file.name === 'broken.md');
    env.emulator.jobs.setStatus(broken?.jobId ?? '', 'FAILED', 'out of paper');
    const before = await first.result();
    expect(before.files).toMatchObject({ completed: 2, failed: 1 });

    // It is COMPLETED from here on.
    env.emulator.jobs.setStatus(broken?.jobId ?? '', null);
    const again = async (name: string) => {
      const asked = env.emulator.requests.length;
      const run = await env.batches.start(
        { batchId: before.batchId, onlyMissing: true },
        { workflowId: `${name}-${id}` },
      );
      const report = await run.result();
      const jobReads = env.emulator.requests
        .slice(asked)
        .filter(({ path }) => path.startsWith('/api/v2/parse/')).length;
      return { report, jobReads, lines: await env.manifest(report.manifest) };
    };
    const second = await again('second');
    expect(second.jobReads).toBe(1);
    expect(second.report).toMatchObject({ batchId: before.batchId, files: { total: 3, completed: 3, failed: 0 } });
    const third = await again('third');
    expect(third.jobReads).toBe(0);
    expect(byFile(third.lines)).toEqual(byFile(second.lines));
    expect(third.report).toEqual(second.report);
    expect(batchesOver(id)).toHaveLength(1);
  });
});

/** The emulator returns the rows in another order each time (`shuffleResults`). */
function byFile(lines: ManifestLine[]): ManifestLine[] {
  return lines.toSorted((a, b) => a.fileId.localeCompare(b.fileId));
}
