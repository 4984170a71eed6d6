import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalTemporal, startLocalTemporal } from '../../src/testing/index.js';
import { parse, type Stage, setStage } from '../support/stage.js';

describe('processBatch on a real server', () => {
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

  test('every file of the directory has its document and its line', async () => {
    const directory = await stage.emulator.addDirectory([
      { name: 'a.md', content: '# A\n' },
      { name: 'b.txt', content: 'b' },
      { name: 'c.pdf', content: 'not a pdf' },
    ]);
    const run = await stage.batches.start(parse(directory.id));
    const report = await run.result();
    console.log(JSON.stringify(report, null, 1));
    const lines = await stage.manifest(report.manifest);
    console.log(lines);
    expect(report.files).toMatchObject({ total: 3, completed: 2, failed: 1 });
    expect(await readFile(lines[0]?.output ?? '', 'utf8')).toBe('# A\n');
    console.log(await run.progress());
    const history = await stage.client.workflow.getHandle(run.workflowId).fetchHistory();
    console.log(
      history.events?.length,
      stage.emulator.requests.map((r) => `${r.method} ${r.path} ${r.status}`),
    );
  });
});
