import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { files } from '../support/test-environment.js';
import { until } from '../support/until.js';
import { CACHE, type ExampleEnvironment, openExample } from './support.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/go', import.meta.url));
const PROGRAM = join(CACHE, 'go-example');
const run = promisify(execFile);

let example: ExampleEnvironment;

beforeAll(async () => {
  await mkdir(CACHE, { recursive: true });
  await run('go', ['build', '-o', PROGRAM, '.'], { cwd: EXAMPLE });
  example = await openExample('go');
  example.startCommandWorker();
});

afterAll(() => example?.close());

const start = (directoryId: string) => run(PROGRAM, [directoryId], { env: { ...process.env, ...example.env } });

test('Go starts a batch and reads its report', async () => {
  const { id } = await example.emulator.addDirectory(files(2));
  const { stdout } = await start(id);
  expect(stdout).toContain(`Started llamacloud/${id}/parse_v2/cfg-PARSE_AGENTIC\n`);
  expect(stdout).toMatch(/^2 of 2 files completed\. Manifest: .*\/manifest\.jsonl$/m);
});

test('Go gets an error if a run of the same work is open', async () => {
  example.emulator.configure({ batchRunningMs: 3_600_000 });
  const { id } = await example.emulator.addDirectory(files(1));
  const first = start(id);
  const batch = await until('the batch', () =>
    example.emulator.batches.list().find(({ directoryId }) => directoryId === id),
  );
  await expect(start(id)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/already running/) });
  example.emulator.batches.finish(batch.id);
  expect((await first).stdout).toContain('1 of 1 files completed');
});
