import { describe, expect, it } from 'vitest';
import { type EmulatorOptions, type LlamaCloudEmulator, TARGETS } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import { call, createBatch, eventually, startEmulator } from './helpers.js';

const PATH = '/api/v1/beta/directories';

async function startWithDirectory(options: EmulatorOptions = {}, request: object = { name: 'mine' }) {
  const emulator = await startEmulator(options);
  const { body } = await call(emulator, PATH, { method: 'POST', body: request });
  return { emulator, id: body.id, directory: body, files: () => emulator.directories.list()[0]?.files ?? [] };
}

interface Upload {
  readonly unique_id?: string;
  readonly display_name?: string;
  readonly metadata?: string;
  readonly content?: string;
  readonly fileName?: string;
}

async function upload(emulator: LlamaCloudEmulator, id: string, fields: Upload = {}) {
  const { content = 'text', fileName = 'a.md', ...texts } = fields;
  const form = new FormData();
  form.set('upload_file', new File([content], fileName));
  for (const [name, value] of Object.entries(texts)) form.set(name, value);
  const headers = { authorization: `Bearer ${emulator.apiKey}` };
  const response = await fetch(`${emulator.url}${PATH}/${id}/files/upload`, { method: 'POST', headers, body: form });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: Object(JSON.parse(text)) };
}

const deleteFiles = (emulator: LlamaCloudEmulator, id: string, ids: readonly unknown[]) =>
  fetch(`${emulator.url}${PATH}/${id}/files/bulk-delete`, {
    method: 'POST',
    headers: { authorization: `Bearer ${emulator.apiKey}` },
    body: JSON.stringify({ directory_file_ids: ids }),
  });

async function listedNames(emulator: LlamaCloudEmulator, id: string, query = ''): Promise<string[]> {
  const { body } = await call(emulator, `${PATH}/${id}/files${query}`);
  return body.items.map(({ display_name }) => display_name);
}

describe('a directory', () => {
  it('is listed newest first, by name and type, and does not expire', async () => {
    const { emulator, id, directory } = await startWithDirectory();
    expect(directory).toMatchObject({ name: 'mine', type: 'user', expires_at: null, deleted_at: null });
    const other = await call(emulator, PATH, { method: 'POST', body: { name: 'other', type: 'ephemeral' } });
    const listed = async (query: string) => (await call(emulator, PATH + query)).body.items.map((item) => item.id);
    expect(await listed('')).toEqual([other.body.id, id]);
    expect(await listed('?name=mine')).toEqual([id]);
    expect(await listed('?name=min')).toEqual([]);
    expect(await listed('?type=ephemeral')).toEqual([other.body.id]);
    expect(await listed('?types=user&types=index')).toEqual([id]);
    expect(await listed('?page_size=1')).toEqual([other.body.id]);
  });

  it('is gone when it is deleted, and listed only on request', async () => {
    const { emulator, id } = await startWithDirectory();
    const remove = () =>
      fetch(`${emulator.url}${PATH}/${id}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${emulator.apiKey}` },
      });
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect(await call(emulator, `${PATH}/${id}`)).toMatchObject({ status: 404 });
    expect(await upload(emulator, id)).toMatchObject({ status: 404 });
    expect((await call(emulator, PATH)).body.items).toEqual([]);
    expect((await call(emulator, `${PATH}?include_deleted=true`)).body.items).toMatchObject([{ id }]);
    expect(emulator.directories.list()).toEqual([]);
  });

  it('that is ephemeral is gone at its expires_at', async () => {
    const advance = freezeClock();
    const options = { ephemeralDirectoryMs: 60_000 };
    const { emulator, id, directory } = await startWithDirectory(options, { name: 'a', type: 'ephemeral' });
    expect(directory).toMatchObject({ expires_at: new Date(Date.now() + 60_000).toISOString() });
    advance(59_999);
    expect(await call(emulator, `${PATH}/${id}`)).toMatchObject({ status: 200 });
    advance(1);
    expect(await call(emulator, `${PATH}/${id}`)).toMatchObject({ status: 404 });
    await expect(createBatch(emulator, id)).rejects.toThrow('404');
  });

  it('is missing in the list for directoryListLagMs', async () => {
    const advance = freezeClock();
    const { emulator, id } = await startWithDirectory({ directoryListLagMs: 1_000 });
    expect((await call(emulator, `${PATH}?name=mine`)).body.items).toEqual([]);
    expect(await call(emulator, `${PATH}/${id}`)).toMatchObject({ status: 200 });
    advance(1_000);
    expect((await call(emulator, `${PATH}?name=mine`)).body.items).toMatchObject([{ id }]);
  });
});

describe('an upload', () => {
  it('adds a file, by default under the name of the file', async () => {
    const { emulator, id } = await startWithDirectory();
    const { status, body } = await upload(emulator, id);
    expect(status).toBe(201);
    expect(body).toMatchObject({ directory_id: id, unique_id: 'a.md', display_name: 'a.md', metadata: {} });
    expect(body.file_id).toEqual(expect.any(String));
    const fields = { unique_id: 'sub/b', display_name: 'B', metadata: '{"size":3,"tags":["x"]}' };
    expect((await upload(emulator, id, fields)).body).toMatchObject({
      unique_id: 'sub/b',
      display_name: 'B',
      metadata: { size: 3, tags: ['x'] },
    });
    expect(await listedNames(emulator, id, '?unique_id=sub/b')).toEqual(['B']);
    expect(await listedNames(emulator, id, `?file_id=${body.file_id}`)).toEqual(['a.md']);
    expect(await listedNames(emulator, id, '?updated_at_on_or_after=2199-01-01T00:00:00Z')).toEqual([]);
  });

  it('is in the log of requests, with its fields and the size of its file', async () => {
    const { emulator, id } = await startWithDirectory();
    await upload(emulator, id, { unique_id: 'x', content: 'four' });
    expect(emulator.requests.at(-1)).toMatchObject({
      method: 'POST',
      path: `${PATH}/${id}/files/upload`,
      status: 201,
      body: { unique_id: 'x', upload_file: { name: 'a.md', sizeBytes: 4 } },
    });
  });

  it('is parsed by a batch over its directory, as a file of addDirectory is', async () => {
    const { emulator, id, files } = await startWithDirectory();
    await upload(emulator, id, { content: '# Uploaded' });
    await upload(emulator, id, { content: '' });
    await upload(emulator, id, { content: 'no PDF', fileName: 'x.pdf' });
    await createBatch(emulator, id);
    expect(files()).toHaveLength(3);
    await eventually(() => emulator.jobs.list().map(({ status }) => status)).toEqual(['COMPLETED', 'FAILED', 'FAILED']);
    const [job] = emulator.jobs.list();
    const { body } = await call(emulator, `/api/v2/parse/${job?.id}?expand=markdown_full`);
    expect(body.markdown_full).toBe('# Uploaded');
  });

  it.each([
    ['no form', {}],
    ['no file', { 'content-type': 'multipart/form-data; boundary=x' }],
  ])('of %s is refused with 422', async (_, headers) => {
    const { emulator, id } = await startWithDirectory();
    const body = '--x\r\nContent-Disposition: form-data; name="unique_id"\r\n\r\na\r\n--x--\r\n';
    const response = await call(emulator, `${PATH}/${id}/files/upload`, { method: 'POST', body, headers });
    expect(response).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'upload_file'] }] } });
  });

  it.each(['{', '7', '{"a":{}}'])('with the metadata %j is refused with 422', async (metadata) => {
    const { emulator, id, files } = await startWithDirectory();
    expect(await upload(emulator, id, { metadata })).toMatchObject({ status: 422 });
    expect(files()).toEqual([]);
  });

  it.each([10, 200_000])('of more than maxUploadBytes is refused with 413 (%i bytes)', async (length) => {
    const { emulator, id, files } = await startWithDirectory({ maxUploadBytes: 9 });
    expect(await upload(emulator, id, { content: 'x'.repeat(length) })).toMatchObject({ status: 413 });
    expect(await upload(emulator, id, { content: 'x'.repeat(9) })).toMatchObject({ status: 201 });
    expect(files()).toHaveLength(1);
  });

  it('above maxUploadsPerWindow is refused with 429, until the window is over', async () => {
    const advance = freezeClock();
    const { emulator, id, files } = await startWithDirectory({ maxUploadsPerWindow: 2, uploadWindowMs: 1_000 });
    const statuses = async () => (await upload(emulator, id)).status;
    expect([await statuses(), await statuses(), await statuses(), await statuses()]).toEqual([201, 201, 429, 429]);
    advance(1_000);
    expect(await statuses()).toBe(201);
    expect(files()).toHaveLength(3);
  });

  it('that is cut off adds nothing', async () => {
    const { emulator, id, files } = await startWithDirectory();
    const abort = new AbortController();
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('--x\r\n')),
      pull: async () => {
        await eventually(() => emulator.requests.length).toBe(2);
        abort.abort();
      },
    });
    const headers = { authorization: `Bearer ${emulator.apiKey}`, 'content-type': 'multipart/form-data; boundary=x' };
    const init = { method: 'POST', headers, body: stream, duplex: 'half', signal: abort.signal } as const;
    await expect(fetch(`${emulator.url}${PATH}/${id}/files/upload`, init)).rejects.toThrow();
    await emulator.close();
    expect(files()).toEqual([]);
  });

  it('is missing in the list for fileListLagMs, and in a batch at once', async () => {
    const advance = freezeClock();
    const { emulator, id } = await startWithDirectory({ fileListLagMs: 1_000 });
    await upload(emulator, id);
    expect(await listedNames(emulator, id)).toEqual([]);
    await createBatch(emulator, id);
    expect(emulator.batches.list()[0]?.files).toHaveLength(1);
    advance(1_000);
    expect(await listedNames(emulator, id)).toEqual(['a.md']);
  });

  it.each([
    ['reset-after', 1],
    ['reset-before', 0],
    ['duplicated', 2],
    ['error-after', 1],
  ] as const)('takes effect under the fault %s as often as it says', async (kind, count) => {
    const { emulator, id, files } = await startWithDirectory();
    emulator.faults.next({ kind, ...TARGETS.uploadFile });
    await upload(emulator, id).catch(() => undefined);
    expect(files()).toHaveLength(count);
  });
});

describe('a second upload with the same unique_id', () => {
  it('adds a second file by default, which a batch processes too', async () => {
    const { emulator, id } = await startWithDirectory();
    const [first, second] = [await upload(emulator, id), await upload(emulator, id)];
    expect(second.body.id).not.toBe(first.body.id);
    expect(await listedNames(emulator, id, '?unique_id=a.md')).toEqual(['a.md', 'a.md']);
    await createBatch(emulator, id);
    expect(emulator.jobs.list()).toHaveLength(2);
  });

  it('is refused with 409 by the option reject', async () => {
    const { emulator, id, files } = await startWithDirectory({ duplicateUploads: 'reject' });
    expect([(await upload(emulator, id)).status, (await upload(emulator, id)).status]).toEqual([201, 409]);
    expect(files()).toHaveLength(1);
  });

  it('gets the file that is there by the option return-existing', async () => {
    const { emulator, id, files } = await startWithDirectory({ duplicateUploads: 'return-existing' });
    const [first, second] = [await upload(emulator, id), await upload(emulator, id, { content: 'other' })];
    expect([second.status, second.body.id]).toEqual([201, first.body.id]);
    expect(files()).toHaveLength(1);
  });

  it('is no second one after the first was deleted', async () => {
    const { emulator, id, files } = await startWithDirectory({ duplicateUploads: 'reject' });
    const { body } = await upload(emulator, id);
    expect((await deleteFiles(emulator, id, [body.id])).status).toBe(204);
    expect((await upload(emulator, id)).status).toBe(201);
    expect(files()).toHaveLength(1);
  });
});

describe('bulk-delete', () => {
  it('deletes all of the files or none', async () => {
    const { emulator, id } = await startWithDirectory();
    const ids: unknown[] = [];
    for (const unique_id of ['a', 'b', 'c']) ids.push((await upload(emulator, id, { unique_id })).body.id);
    expect((await deleteFiles(emulator, id, [ids[0], 'dfl-none'])).status).toBe(404);
    expect(await listedNames(emulator, id)).toHaveLength(3);
    expect((await deleteFiles(emulator, id, ids.slice(0, 2))).status).toBe(204);
    expect(await listedNames(emulator, id)).toHaveLength(1);
    expect(await listedNames(emulator, id, '?include_deleted=true')).toHaveLength(3);
    expect((await deleteFiles(emulator, id, [ids[0]])).status).toBe(404);
    await createBatch(emulator, id);
    expect(emulator.jobs.list()).toHaveLength(1);
  });

  it('takes at most 100 ids', async () => {
    const { emulator, id } = await startWithDirectory();
    expect((await deleteFiles(emulator, id, Array(101).fill('dfl-1'))).status).toBe(422);
    expect((await deleteFiles(emulator, id, Array(100).fill('dfl-1'))).status).toBe(404);
  });
});

it.each([
  [{ duplicateUploads: 'maybe' }, /duplicateUploads must be one of/],
  [{ maxUploadBytes: -1 }, /maxUploadBytes must be 0 or more/],
  [{ maxUploadBytes: Number.POSITIVE_INFINITY }, /maxUploadBytes must be a number/],
])('the option %j is refused', async (options, message) => {
  await expect(startEmulator(Object(options))).rejects.toThrow(message);
});
