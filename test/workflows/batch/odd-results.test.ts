import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BatchReport } from '../../../src/index.js';
import { TARGETS } from '../../../src/testing/index.js';
import { failureOf, reportIn } from '../../support/failure.js';
import { readLogged } from '../../support/logged.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const SECRET = 'PLANTED-SIGNATURE';
const URL_WITH_SECRET = `https://store.example/a.pdf?X-Amz-Signature=${SECRET}`;

describe('unusual results, on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { batchRunningMs: 3_600_000 } });
  });

  afterEach(() => {
    env.emulator.faults.clear();
    env.emulator.configure({ lateRowsMs: 0, lateJobsMs: 0 });
  });

  afterAll(() => env?.close());

  /** The lines of a report's manifest, which has each file once and as many as the report counts. */
  async function linesOf({ files: { total, ...counts }, manifest }: BatchReport) {
    const lines = await env.manifest(manifest);
    expect(lines).toHaveLength(total);
    expect(new Set(lines.map(({ fileId }) => fileId)).size).toBe(total);
    for (const [status, count] of Object.entries(counts))
      expect(lines.filter((line) => line.status === status.toUpperCase())).toHaveLength(count);
    return lines;
  }

  /** A batch over so many files that has ended, with its jobs. */
  async function endedBatch(count: number) {
    const { id: directoryId } = await env.emulator.addDirectory(files(count));
    const response = await fetch(`${env.emulator.url}/api/v2/batches`, {
      method: 'POST',
      headers: { authorization: `Bearer ${env.emulator.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        source_directory_id: directoryId,
        config: { job: { type: 'parse_v2', configuration_id: 'cfg-PARSE_AGENTIC' } },
      }),
    });
    expect(response.status).toBeLessThan(300);
    const batch = await env.untilCreated(directoryId);
    env.emulator.batches.finish(batch.id);
    return { batchId: batch.id, directoryId };
  }

  test.each([
    ['whose list of files is there', 0],
    ['whose list of files can not be had', 1e6],
  ])(
    'rows that come three seconds late, each time in another order, are one line each: of a directory %s',
    async (_, times) => {
      env.emulator.configure({ lateRowsMs: 3_000, lateJobsMs: 4_000 });
      if (times > 0) env.emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.listFiles, times });
      const { id } = await env.emulator.addDirectory(files(5));
      const run = await env.batches.start({ ...parseInput(id), pageSize: 2 });
      env.emulator.batches.finish((await env.untilCreated(id)).id);
      const report = await run.result();
      expect(report.files).toMatchObject({ total: 5, completed: 5 });
      expect(new Set((await env.manifest(report.manifest)).map(({ fileId }) => fileId)).size).toBe(5);
    },
  );

  test('two runs over one batch with other pages, and a third that is cancelled, each list every file once', async () => {
    const { batchId } = await endedBatch(5);
    const start = (name: string, options: object) =>
      env.batches.start({ batchId, onStop: 'leave', ...options }, { workflowId: `${batchId}-${name}` });
    const [two, three, held] = await Promise.all([
      start('two', { pageSize: 2 }),
      start('three', { pageSize: 3 }),
      start('held', { pageSize: 5, child: { workflowType: 'holdDocument' } }),
    ]);
    await until('the held children', async () => (await held.progress()).running === 5);
    const reports = [await two.result(), await three.result()];
    await held.cancel();
    await failureOf(held.result());
    const cancelled = await held.report();
    if (cancelled === undefined) throw new Error('there is no report');
    for (const report of reports) {
      expect(report.files).toMatchObject({ total: 5, completed: 5 });
      await linesOf(report);
    }
    expect(cancelled.files.completed).toBe(0);
    await linesOf(cancelled);
  });

  test('a run that is cancelled between two pages lists the files of the first', async () => {
    const { batchId } = await endedBatch(3);
    let isRead = false;
    env.emulator.batches.setResults(batchId, (rows) => {
      if (isRead || rows?.length !== 3 || rows.some(({ job_reference }) => job_reference === null)) return null;
      isRead = true;
      return rows;
    });
    const run = await env.batches.start({ batchId, pageSize: 1, onStop: 'leave' });
    await until('the second page', async () => {
      const { files, phase } = await run.progress();
      return files.completed === 1 && phase === 'expanding';
    });
    await run.cancel();
    await failureOf(run.result());
    const report = await run.report();
    expect(report?.files.completed).toBe(1);
    expect(await env.manifest(report?.manifest ?? null)).toHaveLength(1);
  });

  test('files of whatever ids and names have a document in the output folder, where the manifest says', async () => {
    const ids = ['x'.repeat(1_200), '\ud83e', '..', ' padded ', 'a\u0000b', '🦙', '../../etc/passwd', 'constructor'];
    const { batchId, directoryId } = await endedBatch(ids.length);
    const created_at = '2000-01-01T00:00:00Z';
    const names = ids.map((_, index) => (index % 2 === 0 ? '\u0007'.repeat(1_000) : `${index}${'長'.repeat(5_000)}`));
    const items = ids.map((id, index) => ({ id, display_name: names[index], created_at }));
    env.emulator.rewrite({ ...TARGETS.listFiles, path: new RegExp(`/${directoryId}/files$`) }, () => ({ items }));
    env.emulator.batches.setResults(batchId, (rows) =>
      (rows ?? []).flatMap((row, index) => {
        const renamed = { ...row, source_directory_file_id: ids[index] };
        return [renamed, renamed];
      }),
    );
    const report = await (await env.batches.start({ batchId, pageSize: 3 })).result();
    expect(report.files).toMatchObject({ total: ids.length, completed: ids.length });
    for (const { output, sha256, name } of await linesOf(report)) {
      expect(output).toMatch(new RegExp(`^${join(env.output, batchId)}/[^/]+\\.md$`));
      const bytes = await readFile(output ?? '');
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      expect(Buffer.byteLength(name ?? '')).toBeLessThan(310);
    }
  });

  test('rows that can not be used are failed files, and the others are collected', async () => {
    const { batchId } = await endedBatch(6);
    const references = [
      { type: 'parse_v2', id: '..' },
      { type: 'parse_v2', id: 'x'.repeat(500) },
      { type: 5, id: 'a' },
    ];
    env.emulator.batches.setResults(batchId, (rows) =>
      (rows ?? []).map((row, index) => {
        if (index === 3) return { ...row, job_reference: { type: 'sheets_v9', id: 'shj-1' } };
        if (index === 4) return { ...row, job_reference: null, error_message: `unreadable: ${URL_WITH_SECRET}` };
        return { ...row, job_reference: references[index] ?? row.job_reference };
      }),
    );
    const report = await (await env.batches.start({ batchId })).result();
    expect(report.files).toMatchObject({ total: 6, completed: 1, failed: 5 });
    const errors = (await linesOf(report)).map(({ error }) => error?.message).join('\n');
    expect(errors).toContain('LlamaCloud returned an unusable job id');
    expect(errors).toContain('LlamaCloud returned an unusable job type');
    expect(errors).toContain('unknown type sheets_v9');
  });

  test('a presigned URL in an error of a row or of a job is in no history, no manifest and no log', async () => {
    const { batchId } = await endedBatch(2);
    const [row, failed] = env.emulator.batches.list().find(({ id }) => id === batchId)?.files ?? [];
    env.emulator.jobs.setStatus(failed?.jobId ?? '', 'FAILED', `can't read ${URL_WITH_SECRET}`);
    env.emulator.batches.setResults(batchId, (rows) =>
      (rows ?? []).map((each) =>
        each.source_directory_file_id === row?.fileId
          ? { ...each, job_reference: null, error_message: `can't read ${URL_WITH_SECRET}` }
          : each,
      ),
    );
    const run = await env.batches.start({ batchId });
    const report = await run.result();
    const lines = await linesOf(report);
    for (const { error } of lines) expect(error?.message).toContain('https://store.example/a.pdf?[redacted]');
    const histories = await Promise.all(
      [run.workflowId, `${run.workflowId}/${failed?.fileId}`].map((id) => env.history(id)),
    );
    const payloads = JSON.stringify(histories, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString() : value,
    );
    expect(payloads).toContain('redacted');
    for (const kept of [payloads, JSON.stringify(report), JSON.stringify(lines), readLogged().join('\n')])
      expect(kept).not.toContain(SECRET);
  });

  test('a file of the directory that never gets a row is a failed file after the grace period', async () => {
    const { batchId } = await endedBatch(3);
    env.emulator.batches.setResults(batchId, (rows) => rows?.slice(1) ?? null);
    const report = await (await env.batches.start({ batchId, resultsGracePeriod: '2 seconds' })).result();
    expect(report.files).toMatchObject({ total: 3, completed: 2, failed: 1 });
    expect(report.failures).toMatchObject([{ name: '0000.md', type: 'FileNotMapped' }]);
    await linesOf(report);
  });

  test('too many failed files stop new children, of a batch that is COMPLETED', async () => {
    const { batchId } = await endedBatch(3);
    env.emulator.batches.setResults(batchId, (rows) => firstFailed(rows ?? []));
    const failure = await failureOf((await env.batches.start({ batchId, ...LIMITS })).result());
    const report = reportIn(failure);
    expect(report.files).toEqual({ total: 3, completed: 0, failed: 1, cancelled: 0, skipped: 2 });
    await linesOf(report);
  });

  test('limits do not keep the documents of a CANCELLED batch from being collected', async () => {
    const { batchId } = await endedBatch(3);
    await until('the jobs to end', () => env.emulator.jobs.running().every((job) => job.batchId !== batchId));
    env.emulator.batches.setStatus(batchId, 'CANCELLED');
    env.emulator.batches.setResults(batchId, (rows) => firstFailed(rows ?? []));
    const failure = await failureOf((await env.batches.start({ batchId, ...LIMITS })).result());
    const report = reportIn(failure);
    expect(report).toMatchObject({ status: 'CANCELLED', files: { total: 3, completed: 2, failed: 1, skipped: 0 } });
    await linesOf(report);
  });
});

const LIMITS = { maxFailedFiles: 0, maxConcurrentJobs: 1 };

function firstFailed<T extends object>(rows: readonly T[]) {
  return rows.map((row, index) => (index === 0 ? { ...row, job_reference: null, error_message: 'unreadable' } : row));
}
