import { describe, expect, it } from 'vitest';
import { call, createBatch, eventually, runJobs, startEmulator, waitForJobs } from './helpers.js';

const FILES = [
  { name: 'a.md', content: 'a' },
  { name: 'b.md', content: 'b' },
];

describe('a test can set', () => {
  it('another API key, as if the old one were revoked', async () => {
    const emulator = await startEmulator({ apiKey: 'llx-old' });
    const withKey = async (key: string) => {
      const { status } = await call(emulator, '/api/v2/batches', { headers: { authorization: `Bearer ${key}` } });
      return status;
    };
    expect([await withKey('llx-old'), await withKey('llx-new')]).toEqual([200, 401]);
    emulator.configure({ apiKey: 'llx-new' });
    expect(emulator.apiKey).toBe('llx-new');
    expect([await withKey('llx-old'), await withKey('llx-new')]).toEqual([401, 200]);
  });

  it('the status of a batch to any text, and restore it', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const get = async () => (await call(emulator, `/api/v2/batches/${batchId}?expand=results`)).body;
    for (const status of ['FAILED', 'PAUSED_BY_BILLING', 'RUNNING']) {
      emulator.batches.setStatus(batchId, status);
      expect(await get()).toMatchObject({ status, results: null });
    }
    emulator.batches.setStatus(batchId, null);
    expect(await get()).toMatchObject({ status: 'COMPLETED', results: [{}, {}] });
    expect(emulator.batches.list()).toMatchObject([
      { id: batchId, status: 'COMPLETED', files: [{ name: 'a.md', jobId: expect.any(String) }, { name: 'b.md' }] },
    ]);
  });

  it('a batch COMPLETED, with every file mapped, and end its jobs', async () => {
    const minute = 60_000;
    const emulator = await startEmulator({ batchPendingMs: minute, batchRunningMs: minute, jobRunningMs: minute });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    emulator.batches.finish(batchId);
    const { body } = await call(emulator, `/api/v2/batches/${batchId}?expand=results`);
    expect(body).toMatchObject({ status: 'COMPLETED', results: [{}, {}] });
    expect(emulator.jobs.list().map(({ status }) => status)).toEqual(['RUNNING', 'RUNNING']);
    emulator.batches.finishJobs(batchId);
    await waitForJobs(emulator, batchId);
    expect(emulator.jobs.list().map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED']);
  });

  it('a batch CANCELLED, with the effect on its jobs', async () => {
    const emulator = await startEmulator({ jobRunningMs: 60_000 });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    emulator.batches.setStatus(batchId, 'CANCELLED');
    expect((await call(emulator, `/api/v2/batches/${batchId}`)).body.status).toBe('CANCELLED');
    expect(emulator.jobs.list().map(({ status }) => status)).toEqual(['CANCELLED', 'CANCELLED']);
    expect(() => emulator.batches.finish(batchId)).toThrow('was cancelled');
  });

  it('any results: null, without a reference, repeated, of another type, fewer, more', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const results = async () => (await call(emulator, `/api/v2/batches/${batchId}?expand=results`)).body.results;
    emulator.batches.setResults(batchId, () => null);
    expect(await results()).toBeNull();
    emulator.batches.setResults(batchId, (rows) => rows?.map((row) => ({ ...row, job_reference: null })));
    expect(await results()).toMatchObject([{ job_reference: null }, { job_reference: null }]);
    emulator.batches.setResults(batchId, (rows) => [...(rows ?? []), ...(rows ?? [])]);
    expect(await results()).toHaveLength(4);
    let calls = 0;
    emulator.batches.setResults(batchId, (rows) => rows?.slice(0, calls++));
    expect([await results(), await results()]).toMatchObject([[], [{}]]);
    emulator.batches.setResults(batchId, null);
    expect(await results()).toHaveLength(2);
  });

  it('the status of a job, with an error message', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    await waitForJobs(emulator, batchId);
    const jobId = emulator.jobs.list()[0]?.id ?? '';
    const get = async () => (await call(emulator, `/api/v2/parse/${jobId}?expand=markdown`)).body;
    emulator.jobs.setStatus(jobId, 'FAILED', 'out of memory');
    expect(await get()).toMatchObject({ job: { status: 'FAILED', error_message: 'out of memory' }, markdown: null });
    emulator.jobs.setStatus(jobId, 'ON_HOLD');
    expect(await get()).toMatchObject({ job: { status: 'ON_HOLD', error_message: null }, markdown: null });
    emulator.jobs.setStatus(jobId, null);
    expect(await get()).toMatchObject({ job: { status: 'COMPLETED', error_message: null }, markdown: { pages: [{}] } });
  });

  it('nothing on a batch or job that does not exist', async () => {
    const emulator = await startEmulator();
    expect(() => emulator.batches.setStatus('bat-x', 'FAILED')).toThrow('bat-x');
    expect(() => emulator.batches.finishJobs('bat-x')).toThrow('bat-x');
    expect(() => emulator.jobs.setStatus('pjb-x', 'FAILED')).toThrow('pjb-x');
  });
});

describe('a large result', () => {
  it('is null inline; its presigned URL is sent only on request', async () => {
    const emulator = await startEmulator({ inlineLimitBytes: 20 });
    const files = [
      { name: 'large.md', content: 'x'.repeat(21) },
      { name: 'small.md', content: 'x'.repeat(20) },
    ];
    const plain = await runJobs(emulator, files, '?expand=markdown_full&expand=markdown');
    expect(plain.get('large.md')?.body).toMatchObject({ markdown_full: null, result_content_metadata: null });
    // The pages as JSON are longer than the text alone.
    expect(plain.get('small.md')?.body).toMatchObject({ markdown_full: 'x'.repeat(20), markdown: null });
    const query = '?expand=markdown_full&expand=markdown_full_content_metadata&expand=items_content_metadata';
    const expanded = await runJobs(emulator, files, query);
    expect(expanded.get('large.md')?.body.result_content_metadata).toEqual({
      markdown_full: { size_bytes: 21, exists: true, presigned_url: expect.stringContaining(emulator.url) },
      items: { size_bytes: expect.any(Number), exists: true, presigned_url: expect.any(String) },
    });
  });
});

describe('a presigned URL', () => {
  async function presignedUrl(options = {}) {
    const emulator = await startEmulator(options);
    const query = '?expand=markdown_full_content_metadata&expand=markdown_content_metadata';
    const responses = await runJobs(emulator, [{ name: 'a.md', content: '# Ä' }], query);
    const metadata = responses.get('a.md')?.body.result_content_metadata;
    return {
      emulator,
      full: metadata?.markdown_full?.presigned_url ?? '',
      pages: metadata?.markdown?.presigned_url ?? '',
    };
  }

  it('returns the document without the API key', async () => {
    const { full, pages } = await presignedUrl();
    expect(await (await fetch(full)).text()).toBe('# Ä');
    expect(await (await fetch(pages)).json()).toMatchObject({ pages: [{ page_number: 1, markdown: '# Ä' }] });
  });

  it('is refused with an Authorization header, as S3 does', async () => {
    const { emulator, full } = await presignedUrl();
    const response = await fetch(full, { headers: { authorization: `Bearer ${emulator.apiKey}` } });
    expect(response.status).toBe(400);
  });

  it('is refused without its signature, with that of another document, and after it expired', async () => {
    const { full, pages } = await presignedUrl();
    expect((await fetch(full.split('?')[0] ?? '')).status).toBe(403);
    expect((await fetch(full.replace('markdown_full?', 'markdown?'))).status).toBe(403);
    expect((await fetch(pages.replace(/expires=\d/, 'expires=9'))).status).toBe(403);
    const expired = await presignedUrl({ presignedUrlTtlMs: 0 });
    await eventually(async () => (await fetch(expired.full)).status).toBe(403);
  });
});

describe('closing', () => {
  it('ends requests that wait, also while documents are parsed', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory([{ name: 'bad.pdf', content: '%PDF-1.7 and no more' }]);
    await createBatch(emulator, id);
    emulator.faults.next({ kind: 'delay', delayMs: 60_000 });
    const waiting = expect(call(emulator, '/api/v2/parse')).rejects.toThrow('fetch failed');
    await eventually(() => emulator.faults.hits.length).toBe(1);
    await emulator.close();
    await waiting;
    await expect(call(emulator, '/api/v2/parse')).rejects.toThrow('fetch failed');
  });
});
