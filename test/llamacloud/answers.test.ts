import { describe, expect, test } from 'vitest';
import { HttpStatusError, UnexpectedResponseError } from '../../src/llamacloud/index.js';
import { answering, BATCH, clientOf, clientOfEmulator, EXTRACT_JOB, PARSE_JOB, rejection } from './support.js';

describe('an answer', () => {
  test('passes keys and statuses that nobody knows yet', async () => {
    const results = [
      { source_directory_file_id: 'dfl-1', score: 1, job_reference: { id: 'p', type: 'parse_v2', x: 1 } },
    ];
    const batch = { ...BATCH, status: 'DREAMING', color: 'red', results };
    const { client } = await clientOf(answering(batch));
    expect(await client.getBatch('bat-1')).toEqual(batch);
  });

  test('of a job passes them too, but says of itself what type it is', async () => {
    const { client } = await clientOf((response, { url }) => {
      const job = { ...(url.includes('parse') ? PARSE_JOB : EXTRACT_JOB), status: 'DREAMING', type: 'other', x: 1 };
      response.end(JSON.stringify(url.includes('parse') ? { job, type: 'other', y: 1 } : job));
    });
    expect(await client.getJob({ id: 'p', type: 'parse_v2' })).toMatchObject({
      type: 'parse_v2',
      job: { status: 'DREAMING', x: 1 },
      y: 1,
    });
    expect(await client.getJob({ id: 'e', type: 'extract_v2' })).toMatchObject({
      type: 'extract_v2',
      job: { status: 'DREAMING', x: 1 },
    });
  });

  test('may leave out, or give as null, what is not there yet', async () => {
    const nothing = { results: null, created_at: null, updated_at: null };
    const { client } = await clientOf(answering({ items: [{ ...BATCH, ...nothing }], next_page_token: null }));
    expect((await client.listBatches()).items[0]).toMatchObject(nothing);
    const { client: jobs } = await clientOf(answering({ job: { id: 'p', status: 'PENDING' }, markdown: null }));
    expect(await jobs.getJob({ id: 'p', type: 'parse_v2' })).toMatchObject({ job: { status: 'PENDING' } });
  });

  test('of a page that could not be parsed stands beside those that could', async () => {
    const pages = [
      { page_number: 1, success: true, markdown: '# 1' },
      { page_number: 2, success: false, error: 'unreadable' },
    ];
    const { client } = await clientOf(answering({ job: PARSE_JOB, markdown: { pages } }));
    expect(await client.getJob({ id: 'pjb-1', type: 'parse_v2' })).toMatchObject({ markdown: { pages } });
  });
});

describe('a body that does not fit', () => {
  const row = { source_directory_file_id: 'dfl-1' };
  const fits = { ...row, job_reference: { id: 'pjb-1', type: 'parse_v2' } };

  test.each([
    ['id', { ...BATCH, id: '' }],
    ['status', { ...BATCH, status: 4 }],
    ['project_id', { ...BATCH, project_id: undefined }],
    ['config.job.configuration_id', { ...BATCH, config: { job: { type: 'parse_v2' } } }],
    ['results', { ...BATCH, results: {} }],
    [
      'results[1].job_reference.id',
      { ...BATCH, results: [fits, { ...row, job_reference: { type: 'parse_v2', id: 3 } }] },
    ],
    ['results[1].source_directory_file_id', { ...BATCH, results: [fits, {}] }],
    ['(body)', []],
    ['(body)', null],
  ])('is told by its path, %s', async (path, body) => {
    const { client } = await clientOf(answering(body));
    const error = await rejection(UnexpectedResponseError, client.getBatch('bat-1'));
    expect(error.path).toBe(path);
    expect(error.message).toContain(`at ${path}: `);
    expect(error.message).toContain('(GET /api/v2/batches/bat-1)');
    expect(error.name).toBe('UnexpectedResponseError');
  });

  test.each([
    ['job.status', { job: { id: 'p' } }],
    ['markdown.pages[0].markdown', { job: PARSE_JOB, markdown: { pages: [{ page_number: 1, success: true }] } }],
    ['markdown.pages[0].error', { job: PARSE_JOB, markdown: { pages: [{ page_number: 1, success: false }] } }],
    ['text.pages[0].text', { job: PARSE_JOB, text: { pages: [{ page_number: 1 }] } }],
    [
      'result_content_metadata.markdown.size_bytes',
      { job: PARSE_JOB, result_content_metadata: { markdown: { presigned_url: 'https://a' } } },
    ],
  ])('of a parse job is told by its path, %s', async (path, body) => {
    const { client } = await clientOf(answering(body));
    const error = await rejection(UnexpectedResponseError, client.getJob({ id: 'p', type: 'parse_v2' }));
    expect(error.path).toBe(path);
  });

  test.each([
    ['items[1].id', { items: [EXTRACT_JOB, { ...EXTRACT_JOB, id: null }] }],
    ['items', { data: [] }],
    ['next_page_token', { items: [], next_page_token: 5 }],
  ])('of a list is told by its path, %s', async (path, body) => {
    const { client } = await clientOf(answering(body));
    const error = await rejection(UnexpectedResponseError, client.listJobs({ type: 'extract_v2' }));
    expect(error.path).toBe(path);
  });

  test.each([
    ['<!doctype html><p>One moment', 'it is not JSON (it starts with "<!doctype html><p>One moment")'],
    ['', 'it is empty'],
    ['{"id":"bat-1","project', 'it is not JSON (it starts with "{\\"id\\":\\"bat-1\\",\\"project")'],
  ])('since it is no JSON, %j, is told by its start', async (body, problem) => {
    const { client } = await clientOf(answering(body, 200));
    const error = await rejection(UnexpectedResponseError, client.getBatch('bat-1'));
    expect(error.path).toBe('(body)');
    expect(error.message).toContain(problem);
  });

  test('comes from the emulator as well: HTML, and JSON of another shape', async () => {
    const { client, emulator } = await clientOfEmulator();
    emulator.faults.next({ kind: 'html' });
    expect((await rejection(UnexpectedResponseError, client.listBatches())).path).toBe('(body)');
    emulator.faults.next({ kind: 'wrong-json' });
    expect((await rejection(UnexpectedResponseError, client.listBatches())).path).toBe('items');
    expect(emulator.requests).toHaveLength(2);
  });
});

describe('a status of 400 or more', () => {
  test.each([400, 401, 402, 403, 404, 408, 409, 413, 422, 425, 429, 500, 502, 503, 504, 529])(
    '%d is an error with it, after one request',
    async (status) => {
      const { client, emulator } = await clientOfEmulator();
      emulator.faults.next({ kind: 'status', status, detail: 'what a pity' });
      const error = await rejection(HttpStatusError, client.getBatch('bat-1'));
      expect(error).toMatchObject({ name: 'HttpStatusError', status, detail: 'what a pity', retryAfterMs: undefined });
      expect(error.message).toBe(`LlamaCloud answered ${status}: what a pity (GET /api/v2/batches/bat-1)`);
      expect(error.request).toEqual({ method: 'GET', path: '/api/v2/batches/bat-1' });
      expect(emulator.requests).toHaveLength(1);
    },
  );

  test('is what the emulator answers to a wrong key, and to an id that it does not know', async () => {
    const { client, emulator } = await clientOfEmulator({ apiKey: 'llx-another' });
    expect(await rejection(HttpStatusError, client.listBatches())).toMatchObject({ status: 401 });
    const { client: known } = await clientOfEmulator();
    expect(await rejection(HttpStatusError, known.getBatch('bat-0'))).toMatchObject({ status: 404 });
    expect(emulator.requests).toHaveLength(1);
  });

  test.each([
    [{ detail: [{ loc: ['query', 'status'], msg: 'bad', type: 't' }, { msg: 'worse' }] }, 'query.status: bad; worse'],
    [{ detail: 'two\n  lines\u001b[31m' }, 'two lines [31m'],
    [{ detail: { code: 7 } }, '{"detail":{"code":7}}'],
    [{ detail: 'x'.repeat(1_000) }, `${'x'.repeat(300)}…`],
    [
      '<html><head><title>502 Bad Gateway</title><style>p{}</style></head>\n<body><center>nginx</center></body></html>',
      '502 Bad Gateway nginx',
    ],
    ['upstream is gone', 'upstream is gone'],
    ['', ''],
  ])('is told in one line, %#', async (body, detail) => {
    const { client } = await clientOf(answering(body, 502));
    expect((await rejection(HttpStatusError, client.getBatch('bat-1'))).detail).toBe(detail);
  });

  test('is told at once, whatever the page is made of', async () => {
    const { client } = await clientOf(answering('<'.repeat(3_000_000), 502), { timeoutMs: 5_000 });
    const startMs = performance.now();
    await rejection(HttpStatusError, client.getBatch('bat-1'));
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });

  test.each([
    ['30', 30_000],
    ['1.5', 1_500],
    ['0', 0],
    ['-5', -5_000],
    ['soon', undefined],
    ['rubbish-5', undefined],
    ['0x10', undefined],
    ['Infinity', undefined],
    ['', undefined],
  ])('with Retry-After: %s asks for a wait of %d ms', async (header, retryAfterMs) => {
    const { client } = await clientOf(answering({ detail: 'slow' }, 429, { 'retry-after': header }));
    expect((await rejection(HttpStatusError, client.getBatch('bat-1'))).retryAfterMs).toBe(retryAfterMs);
  });

  test.each([60_000, -60_000])('with a Retry-After date %d ms from now asks for that wait', async (inMs) => {
    const { client, emulator } = await clientOfEmulator();
    emulator.faults.next({ kind: 'status', status: 503, retryAfter: new Date(Date.now() + inMs) });
    const { retryAfterMs = 0 } = await rejection(HttpStatusError, client.getBatch('bat-1'));
    expect(Math.abs(retryAfterMs - inMs)).toBeLessThan(5_000);
  });
});
