import { expect, test } from 'vitest';
import type { EndedRequest } from '../../src/llamacloud/index.js';
import { BATCH, bytesOf, clientOf, expectNoneIn, KEY, PARSE_JOB, respondWith } from './support.js';

/** A client, and what it has said of its requests. */
async function observed(respond: Parameters<typeof clientOf>[0], timeoutMs = 60_000) {
  const requests: EndedRequest[] = [];
  const onRequest = (request: EndedRequest) => requests.push(request);
  const { client, url } = await clientOf(respond, { onRequest, timeoutMs });
  const summary = () => requests.map(({ method, route, status }) => [method, route, status]);
  return { client, url, requests, summary };
}

test('each request is told of once, by its route without the ids in it', async () => {
  const { client, requests, summary } = await observed((response, request) =>
    respondWith(request.url.includes('/batches') ? BATCH : PARSE_JOB)(response, request),
  );
  // An id that looks like a part of a route.
  await client.getBatch('cancel');
  await client.cancelBatch('bat-1');
  await client.cancelJob({ id: 'pjb-1', type: 'parse_v2' });
  await client.listDirectoryFiles('dir-1').catch(() => undefined);
  expect(summary()).toEqual([
    ['GET', '/api/v2/batches/{id}', 200],
    ['POST', '/api/v2/batches/{id}/cancel', 200],
    ['POST', '/api/v2/parse/{id}/cancel', 200],
    // The body was no page. That says nothing about the request.
    ['GET', '/api/v1/beta/directories/{id}/files', 200],
  ]);
  for (const { durationMs } of requests) expect(durationMs).toBeGreaterThan(0);
  expectNoneIn(requests, KEY, 'bat-1', 'dir-1');
});

test('a request that fails is told of by its status, or by what there was in place of one', async () => {
  const controller = new AbortController();
  const { client, summary } = await observed((response, { url }) => {
    if (url.endsWith('denied'))
      respondWith({ detail: 'no' }, 402)(response, { method: '', url, headers: {}, body: '' });
    else if (url.endsWith('reset')) response.destroy();
    else if (url.endsWith('cut')) {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.destroy());
    } else controller.abort(new Error('given up'));
  });
  for (const id of ['denied', 'reset', 'cut']) await expect(client.getBatch(id)).rejects.toThrow();
  await expect(client.getBatch('late', { signal: controller.signal })).rejects.toThrow('given up');
  expect(summary().map(([, , status]) => status)).toEqual([402, 'none', 'none', 'aborted']);
});

test('a download is told of when it has ended: whole, failed, or left by its reader', async () => {
  const { client, url, summary } = await observed((response, request) => {
    if (request.url === '/gone') response.writeHead(403).end();
    else if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    } else response.end('document');
  });
  await bytesOf(client.download(`${url}/whole`));
  for (const path of ['/gone', '/cut']) await expect(bytesOf(client.download(`${url}${path}`))).rejects.toThrow();
  for await (const _ of client.download(`${url}/left`)) break;
  expect(summary()).toEqual([200, 403, 'none', 'aborted'].map((status) => ['GET', 'presigned document', status]));
});
