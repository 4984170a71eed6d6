import { describe, expect, it } from 'vitest';
import { call, createBatch, createRequest, startEmulator } from './helpers.js';

const FILES = [
  { name: 'b.md', content: '# Title\n\nwords here' },
  { name: 'a.txt', content: 'plain text' },
];

describe('creating a batch', () => {
  it('answers 201 with the batch, PENDING and without results', async () => {
    const emulator = await startEmulator({ batchPendingMs: 60_000 });
    const directory = await emulator.addDirectory(FILES);
    const { status, body } = await call(emulator, '/api/v2/batches', {
      method: 'POST',
      body: createRequest(directory.id),
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      source_directory_id: directory.id,
      config: { job: { type: 'parse_v2', configuration_id: 'cfg-PARSE_AGENTIC' } },
      status: 'PENDING',
      results: null,
    });
    expect(body.id).toMatch(/^bat-[0-9a-f-]{36}$/);
    expect(body.project_id).toMatch(/^prj-/);
  });

  it('returns the project of the request', async () => {
    const emulator = await startEmulator();
    const directory = await emulator.addDirectory(FILES);
    const path = '/api/v2/batches?project_id=prj-mine';
    const { body } = await call(emulator, path, { method: 'POST', body: createRequest(directory.id) });
    expect(body.project_id).toBe('prj-mine');
  });

  it('refuses an unknown directory with 404', async () => {
    const emulator = await startEmulator();
    const body = createRequest('dir-none');
    const detail = 'directory dir-none not found';
    expect(await call(emulator, '/api/v2/batches', { method: 'POST', body })).toMatchObject({
      status: 404,
      body: { detail },
    });
  });

  it('refuses more than maxFilesPerBatch files with 400', async () => {
    const emulator = await startEmulator({ maxFilesPerBatch: 1 });
    const directory = await emulator.addDirectory(FILES);
    const { status, body } = await call(emulator, '/api/v2/batches', {
      method: 'POST',
      body: createRequest(directory.id),
    });
    expect(status).toBe(400);
    expect(body.detail).toContain('at most 1');
    expect(emulator.batches.list()).toEqual([]);
  });

  it('names each wrong field in a 422', async () => {
    const emulator = await startEmulator();
    const { status, body } = await call(emulator, '/api/v2/batches', {
      method: 'POST',
      body: { config: { job: { type: 'translate', configuration_id: 7 } } },
    });
    expect(status).toBe(422);
    expect(body.detail).toEqual([
      { loc: ['body', 'source_directory_id'], msg: 'Field required', type: 'missing' },
      { loc: ['body', 'config', 'job', 'type'], msg: expect.any(String), type: expect.any(String) },
      { loc: ['body', 'config', 'job', 'configuration_id'], msg: expect.any(String), type: expect.any(String) },
    ]);
  });

  it('answers 422 to a body that is not JSON', async () => {
    const emulator = await startEmulator();
    const response = await call(emulator, '/api/v2/batches', { method: 'POST', body: '{"config":' });
    expect(response).toMatchObject({ status: 422, body: { detail: [{ type: 'json_invalid' }] } });
  });
});

describe('results of a batch', () => {
  it('are sent only with expand=results, one row per file in the order of the directory', async () => {
    const emulator = await startEmulator();
    const directory = await emulator.addDirectory(FILES);
    const id = await createBatch(emulator, directory.id);
    expect((await call(emulator, `/api/v2/batches/${id}`)).body.results).toBeNull();
    const { body } = await call(emulator, `/api/v2/batches/${id}?expand=results`);
    expect(directory.files.map(({ name }) => name)).toEqual(['a.txt', 'b.md']);
    expect(body.results).toEqual(
      directory.files.map(({ id }) => ({
        source_directory_file_id: id,
        job_reference: { type: 'parse_v2', id: expect.stringMatching(/^pjb-[0-9a-z]{28}$/) },
        error_message: null,
      })),
    );
  });
});

describe('every route', () => {
  it('requires the API key', async () => {
    const emulator = await startEmulator();
    for (const path of ['/api/v2/batches', '/api/v2/parse', '/api/v2/extract', '/api/v1/beta/directories/x']) {
      for (const headers of [{ authorization: 'Bearer llx-wrong' }, { authorization: '' }]) {
        expect(await call(emulator, path, { headers })).toMatchObject({
          status: 401,
          body: { detail: expect.any(String) },
        });
      }
    }
  });

  it('answers 404 to unknown ids', async () => {
    const emulator = await startEmulator();
    const paths = ['batches/bat-x', 'parse/pjb-x', 'extract/ext-x'].map((path) => `/api/v2/${path}`);
    for (const path of [...paths, '/api/v1/beta/directories/dir-x', '/api/v1/beta/directories/dir-x/files']) {
      expect(await call(emulator, path)).toMatchObject({ status: 404, body: { detail: expect.any(String) } });
    }
    for (const path of paths) {
      expect(await call(emulator, `${path}/cancel`, { method: 'POST' })).toMatchObject({ status: 404 });
    }
  });

  it('answers 404 to an unknown path and 405 to another method', async () => {
    const emulator = await startEmulator();
    expect(await call(emulator, '/api/v3/batches')).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
    expect(await call(emulator, '/api/v2/batches/%E0%A4%A')).toMatchObject({ status: 404 });
    const wrong = await call(emulator, '/api/v2/batches', { method: 'DELETE' });
    expect(wrong).toMatchObject({ status: 405, body: { detail: 'Method Not Allowed' } });
    expect(wrong.headers.get('allow')).toBe('POST, GET');
  });

  it('ignores unknown query parameters and answers 422 to unknown values', async () => {
    const emulator = await startEmulator();
    for (const path of ['/api/v2/batches', '/api/v2/parse', '/api/v2/extract']) {
      expect(await call(emulator, `${path}?colour=red`)).toMatchObject({ status: 200 });
      const { status, body } = await call(emulator, `${path}?status=DONE`);
      expect(status).toBe(422);
      expect(body.detail[0]?.loc).toEqual(['query', 'status']);
      expect(await call(emulator, `${path}?created_at_on_or_after=yesterday`)).toMatchObject({ status: 422 });
      expect(await call(emulator, `${path}?page_size=0`)).toMatchObject({ status: 422 });
      expect(await call(emulator, `${path}?page_size=many`)).toMatchObject({ status: 422 });
      expect(await call(emulator, `${path}?page_token=nonsense`)).toMatchObject({ status: 400 });
    }
  });
});

describe('directories', () => {
  it('are returned with their files, in pages, sorted by path', async () => {
    const emulator = await startEmulator();
    const files = [...FILES, { name: 'sub/c.md', content: 'c' }];
    const { id } = await emulator.addDirectory(files, { id: 'dir-mine', name: 'mine' });
    expect((await call(emulator, `/api/v1/beta/directories/${id}`)).body).toMatchObject({
      id: 'dir-mine',
      name: 'mine',
    });
    const first = await call(emulator, `/api/v1/beta/directories/${id}/files?page_size=2`);
    const names = (response: typeof first) => response.body.items.map((item) => item.display_name);
    expect(names(first)).toEqual(['a.txt', 'b.md']);
    const token = first.body.next_page_token;
    const second = await call(emulator, `/api/v1/beta/directories/${id}/files?page_size=2&page_token=${token}`);
    expect(names(second)).toEqual(['sub/c.md']);
    expect(second.body.next_page_token).toBeNull();
  });

  it('give a presigned URL of each file, in memory or on disk', async () => {
    const emulator = await startEmulator();
    for (const source of [[{ name: 'a.txt', content: 'of a' }], 'examples/documents/shipping']) {
      const { id } = await emulator.addDirectory(source);
      const response = await call(emulator, `/api/v1/beta/directories/${id}/files`);
      const { url, expires_at } = Object(response.body.items[0]).download_url;
      expect(Date.parse(expires_at)).toBeGreaterThan(Date.now());
      expect(await (await fetch(url)).text()).toMatch(Array.isArray(source) ? /^of a$/ : /delivery note/i);
      expect((await fetch(url.slice(0, -1))).status).toBe(403);
    }
  });
});

describe('the request log', () => {
  it('has every request with its query, status and body, and can be read over HTTP', async () => {
    const emulator = await startEmulator();
    const directory = await emulator.addDirectory(FILES);
    await createBatch(emulator, directory.id);
    await call(emulator, '/api/v2/parse?job_ids=a&job_ids=b');
    expect(emulator.requests).toMatchObject([
      { method: 'POST', path: '/api/v2/batches', status: 201, body: createRequest(directory.id) },
      { method: 'GET', path: '/api/v2/parse', status: 200, query: { job_ids: ['a', 'b'] } },
    ]);
    const summary = await fetch(`${emulator.url}/__emulator/requests`);
    expect(await summary.json()).toEqual([
      { method: 'POST', path: '/api/v2/batches', status: 201 },
      { method: 'GET', path: '/api/v2/parse', status: 200 },
    ]);
    expect(emulator.requests).toHaveLength(2);
  });
});
