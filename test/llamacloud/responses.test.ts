import { describe, expect, test, vi } from 'vitest';
import { HttpStatusError, LlamaCloudClient, UnexpectedResponseError } from '../../src/llamacloud/index.js';
import { BATCH, clientOf, clientOfEmulator, EXTRACT_JOB, KEY, PARSE_JOB, rejection, respondWith } from './support.js';

describe('a response', () => {
  test('keeps unknown keys and statuses', async () => {
    const results = [
      { source_directory_file_id: 'dfl-1', score: 1, job_reference: { id: 'p', type: 'parse_v2', x: 1 } },
    ];
    const batch = { ...BATCH, status: 'DREAMING', color: 'red', results };
    const { client } = await clientOf(respondWith(batch));
    expect(await client.getBatch('bat-1')).toEqual(batch);
  });

  test('of a job keeps them too, but a new key can not replace its type', async () => {
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

  test('may omit fields, or have null in them', async () => {
    const nothing = { results: null, created_at: null, updated_at: null };
    const { client } = await clientOf(respondWith({ items: [{ ...BATCH, ...nothing }], next_page_token: null }));
    expect((await client.listBatches()).items[0]).toMatchObject(nothing);
    const { client: jobs } = await clientOf(respondWith({ job: { id: 'p', status: 'PENDING' }, markdown: null }));
    expect(await jobs.getJob({ id: 'p', type: 'parse_v2' })).toMatchObject({ job: { status: 'PENDING' } });
  });

  test('has the pages that could not be parsed beside the others', async () => {
    const pages = [
      { page_number: 1, success: true, markdown: '# 1' },
      { page_number: 2, success: false, error: 'unreadable' },
    ];
    const { client } = await clientOf(respondWith({ job: PARSE_JOB, markdown: { pages } }));
    expect(await client.getJob({ id: 'pjb-1', type: 'parse_v2' })).toMatchObject({ markdown: { pages } });
  });
});

describe('an invalid body', () => {
  test.each([
    ['id', { ...BATCH, id: '' }],
    ['id', { ...BATCH, id: 'b'.repeat(201) }],
    ['id', { ...BATCH, id: 'bat\n1' }],
    ['id', { ...BATCH, id: '..' }],
    ['id', '{"id":"\\ud800","status":"RUNNING"}'],
    ['status', { ...BATCH, status: 4 }],
    ['status', { ...BATCH, status: undefined }],
    ['results', { ...BATCH, results: {} }],
    ['results', { ...BATCH, results: 'none' }],
    ['(body)', []],
    ['(body)', null],
  ])('is told by its path, %s', async (path, body) => {
    const { client } = await clientOf(respondWith(body));
    const error = await rejection(UnexpectedResponseError, client.getBatch('bat-1'));
    expect(error.path).toBe(path);
    expect(error.message).toContain(`at ${path}: `);
    expect(error.message).toContain('(GET /api/v2/batches/bat-1)');
    expect(error.message.isWellFormed()).toBe(true);
    expect(error.name).toBe('UnexpectedResponseError');
  });

  test.each([
    ['id', { ...BATCH, id: 7 }],
    ['(body)', []],
  ])('of a create is told by its path, %s', async (path, body) => {
    const { client } = await clientOf(respondWith(body, 201));
    const job = { type: 'parse_v2', configurationId: 'cfg-1' } as const;
    const create = client.createBatch({ sourceDirectoryId: 'dir-1', job });
    expect((await rejection(UnexpectedResponseError, create)).path).toBe(path);
  });

  test.each([
    ['job.status', { job: { id: 'p' } }],
    ['job.status', { job: { id: 'p', status: '' } }],
    ['job', {}],
  ])('of a parse job is told by its path, %s', async (path, body) => {
    const { client } = await clientOf(respondWith(body));
    const error = await rejection(UnexpectedResponseError, client.getJob({ id: 'p', type: 'parse_v2' }));
    expect(error.path).toBe(path);
  });

  test.each([
    ['items', { data: [] }],
    ['items', { items: {} }],
    ['next_page_token', { items: [], next_page_token: 5 }],
  ])('of a list is told by its path, %s', async (path, body) => {
    const { client } = await clientOf(respondWith(body));
    for (const list of [
      client.listJobs({ type: 'extract_v2' }),
      client.listJobs({ type: 'parse_v2' }),
      client.listBatches(),
      client.listDirectoryFiles('dir-1'),
    ]) {
      expect((await rejection(UnexpectedResponseError, list)).path).toBe(path);
    }
  });

  test('that is larger than 128 MiB is not read to its end, and its connection is closed', async () => {
    const mebibyte = new Uint8Array(1024 * 1024).fill(32);
    const cancel = vi.fn();
    let sent = 0;
    const fetch = async () => {
      const pull = (controller: ReadableStreamDefaultController) => {
        sent++;
        controller.enqueue(mebibyte);
      };
      return new Response(new ReadableStream({ pull, cancel }));
    };
    const client = new LlamaCloudClient({ apiKey: KEY, fetch });
    const error = await rejection(UnexpectedResponseError, client.getBatch('bat-1'));
    expect(error).toMatchObject({ path: '(body)', message: expect.stringContaining('it is larger than 128 MiB') });
    expect(cancel).toHaveBeenCalled();
    expect(sent).toBeLessThan(135);
  });

  test.each([
    ['<!doctype html><p>One moment', 'it is not JSON (it starts with "<!doctype html><p>One moment")'],
    ['', 'it is empty'],
    ['{"id":"bat-1","project', 'it is not JSON (it starts with "{\\"id\\":\\"bat-1\\",\\"project")'],
  ])('since it is no JSON, %j, is told by its start', async (body, problem) => {
    const { client } = await clientOf(respondWith(body, 200));
    const error = await rejection(UnexpectedResponseError, client.getBatch('bat-1'));
    expect(error.path).toBe('(body)');
    expect(error.message).toContain(problem);
  });

  test('also comes from the emulator: HTML, and JSON of another shape', async () => {
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
      expect(error.message).toBe(`LlamaCloud returned ${status}: what a pity (GET /api/v2/batches/bat-1)`);
      expect(error.request).toEqual({ method: 'GET', path: '/api/v2/batches/bat-1' });
      expect(emulator.requests).toHaveLength(1);
    },
  );

  test('is what the emulator returns for a wrong key and for an unknown id', async () => {
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
    const { client } = await clientOf(respondWith(body, 502));
    expect((await rejection(HttpStatusError, client.getBatch('bat-1'))).detail).toBe(detail);
  });

  test('is reported with its status and the start of its body, however long the body is', async () => {
    const closed = vi.fn();
    const { client } = await clientOf((response) => {
      const send = () => void response.write('x'.repeat(64 * 1024));
      response.on('drain', send).on('close', closed).writeHead(503);
      send();
    });
    const error = await rejection(HttpStatusError, client.getBatch('bat-1'));
    expect(error).toMatchObject({ status: 503, detail: `${'x'.repeat(300)}…` });
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), 30_000);
  });

  test.each([
    ['{"detail":"\\ud800 bad"}', '\ufffd bad'],
    [{ detail: `${'x'.repeat(299)}😀` }, `${'x'.repeat(299)}\ufffd…`],
    [{ detail: [{ loc: [{}], msg: ['a'] }, 7, null, 'b'] }, '{}: ["a"]; 7; null; b'],
  ])('is told in text that can be passed on, %#', async (body, detail) => {
    const { client } = await clientOf(respondWith(body, 400));
    const error = await rejection(HttpStatusError, client.getBatch('bat-1'));
    expect(error.detail).toBe(detail);
    expect(error.message.isWellFormed()).toBe(true);
  });

  test('is reported quickly, whatever the body holds', async () => {
    const { client } = await clientOf(respondWith('<'.repeat(3_000_000), 502), { timeoutMs: 40_000 });
    const startMs = performance.now();
    await rejection(HttpStatusError, client.getBatch('bat-1'));
    expect(performance.now() - startMs).toBeLessThan(20_000);
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
    const { client } = await clientOf(respondWith({ detail: 'slow' }, 429, { 'retry-after': header }));
    expect((await rejection(HttpStatusError, client.getBatch('bat-1'))).retryAfterMs).toBe(retryAfterMs);
  });

  test.each([60_000, -60_000])('with a Retry-After date %d ms from now has that delay', async (inMs) => {
    const { client, emulator } = await clientOfEmulator();
    emulator.faults.next({ kind: 'status', status: 503, retryAfter: new Date(Date.now() + inMs) });
    const { retryAfterMs = 0 } = await rejection(HttpStatusError, client.getBatch('bat-1'));
    expect(Math.abs(retryAfterMs - inMs)).toBeLessThan(20_000);
  });
});
