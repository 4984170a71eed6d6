import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expandFields, toContent } from '../../../src/activities/jobs/document.js';
import { ResultMissing } from '../../../src/activities/support/result-missing.js';
import {
  ConnectionError,
  type DocumentPage,
  HttpStatusError,
  type JobResult,
  LlamaCloudClient,
} from '../../../src/llamacloud/index.js';
import { type Content, DirectoryStore } from '../../../src/outputs/index.js';
import type { CollectFormat } from '../../../src/protocol/index.js';
import { listening } from '../../llamacloud/support.js';

const JOB = { id: 'pjb-1', status: 'COMPLETED' };

function none(): never {
  throw new Error('nothing is to be downloaded');
}

/** What is stored of a job whose presigned URL answers like this; `stored()` writes it to a real store. */
async function setDownload(
  respond: (response: ServerResponse) => void,
  sizeBytes?: number,
  format: CollectFormat = 'markdown',
) {
  let requests = 0;
  const server = createServer((_, response) => {
    requests++;
    respond(response);
  });
  const url = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const folder = await mkdtemp(join(tmpdir(), 'document-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const client = new LlamaCloudClient({ apiKey: 'llx-test-key', baseUrl: url });
  const metadata = { presigned_url: `${url}/?sig=0123456789`, size_bytes: sizeBytes };
  const result: JobResult = { type: 'parse_v2', job: JOB, result_content_metadata: { [format]: metadata } };
  const content = toContent(result, format, (url, sizeBytes) => client.download(url, { sizeBytes }));
  return {
    content,
    requests: () => requests,
    stored: () => new DirectoryStore(folder).write(['bat-1', 'dfl-1.md'], content),
    files: async () =>
      (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile()),
  };
}

describe('the document of a completed job', () => {
  const pages = [
    { page_number: 1, markdown: 'a', text: 'b' },
    { page_number: 2, success: false },
  ];
  const inline: JobResult = { type: 'parse_v2', job: JOB, markdown: { pages }, text: { pages }, items: { pages: [1] } };

  test.each<[CollectFormat, JobResult, Content]>([
    ['markdown', inline, 'a\n\n<!-- page 2 could not be parsed: LlamaCloud gave no reason -->'],
    ['text', inline, 'b\n\n[page 2 could not be parsed: LlamaCloud gave no reason]'],
    ['items', inline, '{\n  "pages": [\n    1\n  ]\n}\n'],
    ['record', { type: 'extract_v2', job: { ...JOB, extract_result: { a: 1 } } }, '{\n  "a": 1\n}\n'],
    ['record', { type: 'extract_v2', job: { ...JOB, extract_result: [] } }, '[]\n'],
  ])('is its inline %s', (format, result, content) => {
    expect(toContent(result, format, none)).toBe(content);
  });

  test('shows a secret of no page error', () => {
    const error = 'no https://store.example/a?X-Amz-Signature=PLANTED-SIGNATURE';
    const result: JobResult = { type: 'parse_v2', job: JOB, text: { pages: [{ success: false, error }] } };
    expect(toContent(result, 'text', none)).toContain('https://store.example/a?[redacted]');
  });

  test('is asked for inline and as a URL in one request', () => {
    expect(expandFields('markdown')).toEqual(['markdown', 'markdown_content_metadata', 'usage']);
    expect(expandFields('record')).toEqual(['usage']);
  });

  test.each<[CollectFormat, JobResult]>([
    ['markdown', { type: 'parse_v2', job: JOB, markdown: null, result_content_metadata: {} }],
    ['text', { type: 'parse_v2', job: JOB, result_content_metadata: { text: undefined } }],
    ['items', { type: 'parse_v2', job: JOB, result_content_metadata: { items: { size_bytes: 1 } } }],
    ['record', { type: 'extract_v2', job: JOB }],
  ])('is missing where there is no %s', (format, result) => {
    expect(() => toContent(result, format, none)).toThrow(ResultMissing);
  });

  test.each<[string, DocumentPage[]]>([
    ['null', [{}]],
    ['of another type', [{ page_number: 1, markdown: 'a' }, { page_number: 2 }]],
  ])('is missing where a page is %s: a document with a gap is not complete', (_, pages) => {
    const result: JobResult = { type: 'parse_v2', job: JOB, markdown: { pages } };
    expect(() => toContent(result, 'markdown', none)).toThrow(ResultMissing);
  });

  test.each<[CollectFormat]>([['markdown'], ['text'], ['items']])(
    'is downloaded where its inline %s has no pages and LlamaCloud gives a size',
    (format) => {
      const metadata = { presigned_url: 'https://store.example/a', size_bytes: 30 };
      const result: JobResult = {
        ...{ type: 'parse_v2', job: JOB, [format]: { pages: [] } },
        result_content_metadata: { [format]: metadata },
      };
      const downloaded: unknown[] = [];
      const download = (...args: unknown[]) => {
        downloaded.push(args);
        return new ReadableStream<Uint8Array>();
      };
      const content = toContent(result, format, download);
      expect(content).not.toBeTypeOf('string');
      expect(downloaded).toEqual([['https://store.example/a', 30]]);
      const isEmpty: JobResult = { ...result, result_content_metadata: { [format]: { size_bytes: 0 } } };
      expect(toContent(isEmpty, format, none)).toBeTypeOf('string');
    },
  );

  test('streams from its presigned URL into the store, and is not requested before it is read', async () => {
    const download = await setDownload((response) => response.end('{"pages":[{"markdown":"# A"}]}'), 30);
    expect(download.requests()).toBe(0);
    expect(await download.stored()).toMatchObject({ bytes: 3 });
    expect(download.requests()).toBe(1);
  });

  test.each([400, 401, 403, 404, 410])(
    'whose URL answers %d is missing: the next attempt gets a new URL',
    async (status) => {
      const download = await setDownload((response) => response.writeHead(status).end());
      const error = await download.stored().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(ResultMissing);
      expect(error).toMatchObject({ cause: { name: 'HttpStatusError', status } });
      expect(await download.files()).toEqual([]);
    },
  );

  test('that is not whole is missing, and no part of it is in the store', async () => {
    const download = await setDownload((response) => response.write('x'.repeat(60)) && response.end(), 100);
    const error = await download.stored().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ResultMissing);
    expect(error).toMatchObject({ message: expect.stringContaining('60 of 100 bytes') });
    expect(await download.files()).toEqual([]);
  });

  test.each([
    ['503', HttpStatusError, (response: ServerResponse) => response.writeHead(503).end()],
    ['a reset', ConnectionError, (response: ServerResponse) => response.socket?.resetAndDestroy()],
  ])('whose URL answers with %s fails with that: the store may recover', async (_, type, respond) => {
    const download = await setDownload(respond, 100, 'items');
    await expect(download.stored()).rejects.toBeInstanceOf(type);
    expect(await download.files()).toEqual([]);
  });
});
