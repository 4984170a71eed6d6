import { openAsBlob } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createNetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ConnectionError,
  HttpStatusError,
  isKnownNotCreated,
  LlamaCloudClient,
  type UploadContent,
  UploadContentError,
} from '../../src/llamacloud/index.js';
import { TARGETS } from '../../src/testing/index.js';
import { clientOf, clientOfEmulator, expectNoneIn, KEY, listening, rejection, respondWith } from './support.js';

const FILE = { id: 'dfl-1', unique_id: 'a.md', display_name: 'a.md' };
const NAMED = { fileName: 'a.md', uniqueId: 'sub/a.md' };

/** A stream that calls `next` for each chunk, and not before the chunk is needed. */
function streamOf(next: () => Uint8Array | undefined | Promise<never>, onCancel: () => void = () => undefined) {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const chunk = await next();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  );
}

function streamOfChunks(...chunks: string[]): ReadableStream<Uint8Array> {
  return streamOf(() => {
    const chunk = chunks.shift();
    return chunk === undefined ? undefined : Buffer.from(chunk);
  });
}

/** A client of an emulator with an empty directory. */
async function clientOfDirectory() {
  const { client, emulator } = await clientOfEmulator();
  const { id } = await client.createDirectory({ name: 'uploads', type: 'ephemeral' });
  return { client, emulator, id, files: () => emulator.directories.list()[0]?.files ?? [] };
}

async function downloadOf(client: LlamaCloudClient, directoryId: string): Promise<string[]> {
  const { items } = await client.listDirectoryFiles(directoryId);
  return Promise.all(items.map(async (item) => await (await fetch(Object(item.download_url).url)).text()));
}

describe('an upload', () => {
  test.each<[string, () => Promise<UploadContent> | UploadContent]>([
    ['a blob', () => new Blob(['content ', 'of a'])],
    ['a file of this machine', async () => openAsBlob(await temporaryFile('content of a'))],
    ['a stream', () => ({ stream: streamOfChunks('content', ' of', ' a'), sizeBytes: 12 })],
    ['a view into a larger buffer', () => ({ stream: viewStream('content of a'), sizeBytes: 12 })],
  ])('stores the content of %s', async (_, makeContent) => {
    const { client, id } = await clientOfDirectory();
    const file = await client.uploadDirectoryFile(id, { ...NAMED, content: await makeContent() });
    expect(file).toMatchObject({ id: expect.stringMatching(/^dfl-/), unique_id: 'sub/a.md', display_name: 'a.md' });
    expect(await downloadOf(client, id)).toEqual(['content of a']);
  });

  test('keeps a chunk whole that is larger than what is sent at once', async () => {
    const { client, id } = await clientOfDirectory();
    const text = Array.from({ length: 60_000 }, (_, line) => `line ${line}\n`).join('');
    const content = { stream: viewStream(text), sizeBytes: text.length };
    await client.uploadDirectoryFile(id, { ...NAMED, content });
    expect(await downloadOf(client, id)).toEqual([text]);
  });

  test('stores an empty file', async () => {
    const { client, id } = await clientOfDirectory();
    await client.uploadDirectoryFile(id, { ...NAMED, content: new Blob([]) });
    expect(await downloadOf(client, id)).toEqual(['']);
  });

  test.each([
    'a\nb.md',
    'a\r\nb.md',
    'a"b".md',
    "a'b\\c.md",
    'ü/\u{1F600} %22.md',
    ' a ',
    '--boundary--',
    'a;filename=b',
  ])('keeps the name %j as it is, by which its file is found', async (name) => {
    const { client, id, files } = await clientOfDirectory();
    const metadata = { path: name, size: 3, tags: [name], 'a"b': null };
    const content = new Blob(['abc']);
    await client.uploadDirectoryFile(id, { content, fileName: 'x.md', uniqueId: name, displayName: name, metadata });
    expect(files()).toMatchObject([{ uniqueId: name, name }]);
    const { items } = await client.listDirectoryFiles(id, { uniqueId: name });
    expect(items).toMatchObject([{ unique_id: name, display_name: name, metadata }]);
    expect((await client.listDirectoryFiles(id, { uniqueId: `${name}x` })).items).toEqual([]);
  });

  test('is one POST of a form with its length, with the key in a header', async () => {
    const { client, seen } = await clientOf(respondWith(FILE, 201));
    await client.uploadDirectoryFile('dir-1', { ...NAMED, content: new Blob(['abc']), projectId: 'prj-1' });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/api/v1/beta/directories/dir-1/files/upload?project_id=prj-1',
      headers: {
        authorization: `Bearer ${KEY}`,
        'content-type': expect.stringMatching(/^multipart\/form-data; boundary=/),
        'content-length': String(seen[0]?.body.length),
      },
    });
    expect(seen[0]?.body).not.toContain('display_name');
  });

  test('of 500 MB is never in memory', async () => {
    const total = 500 * 1024 * 1024;
    let receivedBytes = 0;
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => {
        receivedBytes += chunk.length;
      });
      request.on('end', () => response.end(JSON.stringify(FILE)));
    });
    const baseUrl = await listening(server);
    onTestFinished(() => void server.close());
    let sentBytes = 0;
    let maxBufferBytes = 0;
    const beforeBytes = process.memoryUsage().arrayBuffers;
    const stream = streamOf(() => {
      maxBufferBytes = Math.max(maxBufferBytes, process.memoryUsage().arrayBuffers - beforeBytes);
      if (sentBytes === total) return undefined;
      sentBytes += 1024 * 1024;
      return new Uint8Array(1024 * 1024);
    });
    const client = new LlamaCloudClient({ apiKey: KEY, baseUrl });
    await client.uploadDirectoryFile('dir-1', { ...NAMED, content: { stream, sizeBytes: total } });
    expect(receivedBytes).toBeGreaterThan(total);
    expect(maxBufferBytes).toBeLessThan(total / 2);
  });
});

describe('an upload whose content can not be sent throws UploadContentError, and LlamaCloud has no file', () => {
  test.each<[string, () => Promise<UploadContent> | UploadContent, RegExp]>([
    ['it is shorter', () => ({ stream: streamOfChunks('abc'), sizeBytes: 2_000 }), /it ended after 3 of 2,000 bytes/],
    ['it is longer', () => ({ stream: streamOfChunks('abc', 'def'), sizeBytes: 4 }), /it has more than 4 bytes/],
    ['more follows', () => ({ stream: streamOfChunks('abc', 'def'), sizeBytes: 3 }), /it has more than 3 bytes/],
    ['it can not be read', () => ({ stream: failing(new Error('EIO: disk')), sizeBytes: 9 }), /EIO: disk/],
    ['the file changes', changedFile, /could not be read/i],
  ])('where %s', async (_, makeContent, message) => {
    const { client, id, files } = await clientOfDirectory();
    const content = await makeContent();
    const error = await rejection(UploadContentError, client.uploadDirectoryFile(id, { ...NAMED, content }));
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`(POST /api/v1/beta/directories/${id}/files/upload)`);
    expect(isKnownNotCreated(error)).toBe(true);
    expect(files()).toEqual([]);
  });

  test('where its source stops', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { client } = await clientOf(respondWith(FILE), { timeoutMs: 1_500 });
    const stream = streamOf(() => {
      vi.advanceTimersByTime(1_500);
      return new Promise<never>(() => undefined);
    });
    const upload = client.uploadDirectoryFile('dir-1', { ...NAMED, content: { stream, sizeBytes: 9 } });
    expect((await rejection(UploadContentError, upload)).message).toContain('nothing could be read of it for 1.5 s');
  });

  test('and the error of the source holds no key', async () => {
    const { client, id } = await clientOfDirectory();
    const stream = failing(new Error(`no ${KEY}`, { cause: new Error(KEY) }));
    const upload = client.uploadDirectoryFile(id, { ...NAMED, content: { stream, sizeBytes: 9 } });
    expectNoneIn(await rejection(UploadContentError, upload), KEY);
  });
});

describe('the timeout of an upload', () => {
  test('begins again with each chunk that is sent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { client } = await clientOf(respondWith(FILE), { timeoutMs: 1_500 });
    let chunks = 5;
    const stream = streamOf(() => {
      vi.advanceTimersByTime(1_000);
      chunks -= 1;
      return chunks < 0 ? undefined : Buffer.from('a');
    });
    const content = { stream, sizeBytes: 5 };
    expect(await client.uploadDirectoryFile('dir-1', { ...NAMED, content })).toMatchObject({ id: 'dfl-1' });
  });

  test('ends it when LlamaCloud has the whole file and does not respond', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { client } = await clientOf(() => void vi.advanceTimersByTime(1_500), { timeoutMs: 1_500 });
    const upload = client.uploadDirectoryFile('dir-1', { ...NAMED, content: new Blob(['abc']) });
    const error = await rejection(ConnectionError, upload);
    expect(error.message).toContain('did not respond within 1.5 s');
    expect(isKnownNotCreated(error)).toBe(false);
  });

  test('ends it when LlamaCloud stops to read', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    // The buffers of the connection take some megabytes before it stops.
    const server = createNetServer({ pauseOnConnect: true });
    const sockets: Socket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    const baseUrl = await listening(server);
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const client = new LlamaCloudClient({ apiKey: KEY, baseUrl, timeoutMs: 1_500 });
    let lastReadMs = Date.now();
    const stream = streamOf(() => {
      lastReadMs = Date.now();
      return new Uint8Array(64 * 1024);
    });
    const upload = client.uploadDirectoryFile('dir-1', { ...NAMED, content: { stream, sizeBytes: 2 ** 40 } });
    const failed = rejection(ConnectionError, upload);
    const timer = setInterval(() => {
      if (Date.now() > lastReadMs + 300) vi.advanceTimersByTime(1_500);
    }, 20);
    onTestFinished(() => clearInterval(timer));
    expect((await failed).message).toContain('did not respond within 1.5 s');
  });
});

describe('an upload ends early', () => {
  test('when the caller aborts it, and closes its stream', async () => {
    const { client, id, files } = await clientOfDirectory();
    const abort = new AbortController();
    const cancelled = vi.fn();
    const stream = streamOf(() => {
      abort.abort(new Error('enough'));
      return new Promise<never>(() => undefined);
    }, cancelled);
    const upload = client.uploadDirectoryFile(id, {
      ...NAMED,
      content: { stream, sizeBytes: 9 },
      signal: abort.signal,
    });
    await expect(upload).rejects.toThrow('enough');
    await expect.poll(() => cancelled).toHaveBeenCalled();
    expect(files()).toEqual([]);
  });

  test('when LlamaCloud rejects it before it has the file, and closes its stream', async () => {
    const server = createServer((_, response) => {
      response.writeHead(401).end(JSON.stringify({ detail: 'Invalid API Key' }));
    });
    const baseUrl = await listening(server);
    onTestFinished(() => void server.close());
    const client = new LlamaCloudClient({ apiKey: KEY, baseUrl });
    const cancelled = vi.fn();
    let chunks = 0;
    const stream = streamOf(() => {
      chunks += 1;
      return chunks > 2 ? new Promise<never>(() => undefined) : Buffer.from('abc');
    }, cancelled);
    const upload = client.uploadDirectoryFile('dir-1', { ...NAMED, content: { stream, sizeBytes: 100 } });
    expect(await rejection(HttpStatusError, upload)).toMatchObject({ status: 401, detail: 'Invalid API Key' });
    await expect.poll(() => cancelled).toHaveBeenCalled();
  });
});

test('an upload whose response is lost is not sent again, and its file is found', async () => {
  const { client, emulator, id } = await clientOfDirectory();
  emulator.faults.next({ kind: 'reset-after', ...TARGETS.uploadFile });
  const upload = client.uploadDirectoryFile(id, { ...NAMED, content: new Blob(['abc']) });
  expect(isKnownNotCreated(await rejection(ConnectionError, upload))).toBe(false);
  expect(emulator.requests.filter(({ path }) => path.endsWith('/upload'))).toHaveLength(1);
  const { items } = await client.listDirectoryFiles(id, { uniqueId: NAMED.uniqueId });
  expect(items).toMatchObject([{ unique_id: NAMED.uniqueId }]);
});

/** A chunk that is a part of a larger buffer, as a pool of buffers gives it. */
function viewStream(text: string): ReadableStream<Uint8Array> {
  const bytes = Buffer.from(`before${text}after`);
  const chunks = [bytes.subarray(6, 6 + Buffer.byteLength(text))];
  return streamOf(() => chunks.shift());
}

function failing(error: Error): ReadableStream<Uint8Array> {
  return streamOf(() => Promise.reject(error));
}

async function temporaryFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'upload-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'a.md');
  await writeFile(path, text);
  return path;
}

async function changedFile(): Promise<UploadContent> {
  const path = await temporaryFile('before');
  const blob = await openAsBlob(path);
  await appendFile(path, ' and after');
  return blob;
}
