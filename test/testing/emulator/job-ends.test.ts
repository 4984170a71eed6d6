import { describe, expect, it } from 'vitest';
import { call, createBatch, runJobs, startEmulator, waitForJobs } from './helpers.js';

const GOOD = { name: 'a.md', content: 'a' };
const BAD = { name: 'bad.pdf', content: 'no PDF' };

describe('a job', () => {
  it('may have an unknown type in the results', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory([GOOD, { ...GOOD, name: 'b.md' }]);
    const batchId = await createBatch(emulator, id);
    const [first = '', second = ''] = emulator.jobs.list().map((job) => job.id);
    const references = async () =>
      (await call(emulator, `/api/v2/batches/${batchId}?expand=results`)).body.results?.map((row) => row.job_reference);
    emulator.jobs.setReferenceType(first, 'split_v1');
    expect(await references()).toEqual([
      { type: 'split_v1', id: first },
      { type: 'parse_v2', id: second },
    ]);
    emulator.jobs.setReferenceType(first, null);
    expect((await references())?.[0]).toEqual({ type: 'parse_v2', id: first });
  });

  it.each([
    ['number', 3],
    ['string', '3'],
    ['object', { value: 3, unit: 'credits' }],
  ] as const)('may have its credits as %s', async (creditsFormat, credits) => {
    const emulator = await startEmulator({ creditsFormat });
    const parse = await runJobs(emulator, [GOOD], '?expand=usage');
    expect(parse.get('a.md')?.body.job.usage).toEqual({ credits });
    const extract = await runJobs(emulator, [GOOD], '?expand=usage', 'extract_v2');
    expect(extract.get('a.md')?.body.usage).toMatchObject({ credits });
  });

  it('may have any credits that a test sets', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory([GOOD]);
    await waitForJobs(emulator, await createBatch(emulator, id));
    const jobId = emulator.jobs.list()[0]?.id ?? '';
    const credits = async () => (await call(emulator, `/api/v2/parse/${jobId}?expand=usage`)).body.job.usage?.credits;
    for (const value of [-1, 1e300, 'many', [], null]) {
      emulator.jobs.setCredits(jobId, value);
      expect(await credits()).toEqual(value);
    }
    emulator.jobs.setCredits(jobId, undefined);
    expect(await credits()).toBe(3);
  });

  it('may have a presigned URL in its error message', async () => {
    const emulator = await startEmulator({ urlsInErrorMessages: true });
    const url = new RegExp(`${emulator.url}/__emulator/files/\\S+\\?expires=\\d+&signature=[0-9a-f]{64}`);
    const parse = await runJobs(emulator, [GOOD, BAD]);
    expect(parse.get('bad.pdf')?.body.job).toMatchObject({
      status: 'FAILED',
      error_message: expect.stringMatching(url),
    });
    expect(parse.get('a.md')?.body.job.error_message).toBeNull();
    const extract = await runJobs(emulator, [BAD], '', 'extract_v2');
    expect(extract.get('bad.pdf')?.body.error_message).toMatch(url);
    expect((await call(emulator, '/api/v2/parse?status=FAILED')).body.items[0]?.error_message).toMatch(url);
  });

  it('has a presigned URL that a test can get', async () => {
    const emulator = await startEmulator();
    await runJobs(emulator, [GOOD]);
    const jobId = emulator.jobs.list()[0]?.id ?? '';
    expect(await (await fetch(emulator.jobs.presignedUrl(jobId))).text()).toBe('a');
    const pages = await fetch(emulator.jobs.presignedUrl(jobId, 'markdown'));
    expect(await pages.json()).toMatchObject({ pages: [{ markdown: 'a' }] });
    expect(() => emulator.jobs.presignedUrl('pjb-none')).toThrow('pjb-none');
  });
});
