import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LlamaCloudEmulator, startLlamaCloudEmulator } from '../../src/testing/emulator/index.js';
import { createBatch, createRequest, eventually, INSTANT, waitForJobs } from '../testing/emulator/helpers.js';
import { PLAIN_ERROR, RESPONSES, VALIDATION_ERROR } from './schemas.js';

const EXAMPLES = fileURLToPath(new URL('../../examples/documents', import.meta.url));
const PARSE_EXPAND = ['text', 'markdown', 'items', 'metadata', 'text_full', 'markdown_full'];

type Route = keyof typeof RESPONSES;

const ajv = new Ajv2020({ strict: false, allErrors: true });
const covered = new Set<string>();
let emulator: LlamaCloudEmulator;
let directoryId: string;

beforeAll(async () => {
  emulator = await startLlamaCloudEmulator({ ...INSTANT, seed: 1, batchPendingMs: 1, jobPendingMs: 1 });
  directoryId = (await emulator.addDirectory(EXAMPLES)).id;
});

afterAll(() => emulator.close());

async function send(method: string, path: string, requestBody?: unknown, apiKey = emulator.apiKey) {
  const text = requestBody instanceof FormData ? requestBody : JSON.stringify(requestBody);
  const init = requestBody === undefined ? {} : { body: text };
  const headers = { authorization: `Bearer ${apiKey}` };
  const response = await fetch(emulator.url + path, { method, headers, ...init });
  const body: unknown = response.status === 204 ? await response.text() : await response.json();
  return { status: response.status, body };
}

/** Sends a request, validates the response against the schema of its route, and returns the id in it. */
async function check(
  route: Route,
  { id = '', query = '', body: requestBody }: { id?: string; query?: string; body?: unknown } = {},
): Promise<string> {
  const [method = '', path = ''] = route.replace('{id}', id).split(' ');
  const { status, body } = await send(method, path + query, requestBody);
  const expected = RESPONSES[route];
  expect([route, status]).toEqual([route, expected.status]);
  if (expected.schema === null) expect(body).toBe('');
  else expectValid(expected.schema, body);
  covered.add(route);
  return String(Object(body).id);
}

function expectValid(schema: object, body: unknown): void {
  ajv.validate(schema, body);
  expect({ errors: ajv.errors ?? [], body }).toEqual({ errors: [], body });
}

const expandQuery = (names: readonly string[]) => `?${names.map((name) => `expand=${name}`).join('&')}`;

describe('every response matches the schema of its route', () => {
  it('batches', async () => {
    await check('POST /api/v2/batches', { body: createRequest(directoryId) });
    const id = await createBatch(emulator, directoryId);
    await check('POST /api/v2/batches/{id}/cancel', { id: await createRunningBatch('parse_v2') });
    await waitForJobs(emulator, id);
    await check('GET /api/v2/batches');
    await check('GET /api/v2/batches/{id}', { id });
    await check('GET /api/v2/batches/{id}', { id, query: '?expand=results' });
    for (const status of ['PENDING', 'THROTTLED', 'RUNNING', 'FAILED', 'CANCELLED']) {
      emulator.batches.setStatus(id, status);
      await check('GET /api/v2/batches/{id}', { id, query: '?expand=results' });
    }
  });

  it('parse jobs in every status', async () => {
    const batchId = await createBatch(emulator, directoryId);
    await waitForJobs(emulator, batchId);
    const expand = [
      ...PARSE_EXPAND,
      ...PARSE_EXPAND.map((name) => `${name}_content_metadata`),
      'job_metadata',
      'usage',
    ];
    const jobs = emulator.jobs.list().filter((job) => job.batchId === batchId);
    expect(new Set(jobs.map(({ status }) => status))).toEqual(new Set(['COMPLETED', 'FAILED']));
    for (const { id } of jobs) await check('GET /api/v2/parse/{id}', { id, query: expandQuery(expand) });
    await check('GET /api/v2/parse/{id}', { id: jobs[0]?.id ?? '' });
    await check('GET /api/v2/parse', { query: '?page_size=3' });
    const runningId = await createRunningJob('parse_v2');
    await check('GET /api/v2/parse/{id}', { id: runningId, query: expandQuery(expand) });
    await check('POST /api/v2/parse/{id}/cancel', { id: runningId });
    await check('GET /api/v2/parse/{id}', { id: runningId, query: expandQuery(expand) });
  });

  it('extract jobs in every status', async () => {
    const batchId = await createBatch(emulator, directoryId, 'extract_v2');
    await waitForJobs(emulator, batchId);
    const query = expandQuery(['configuration', 'extract_metadata', 'usage']);
    for (const { id } of emulator.jobs.list().filter((job) => job.batchId === batchId)) {
      await check('GET /api/v2/extract/{id}', { id, query });
    }
    await check('GET /api/v2/extract', { query });
    const runningId = await createRunningJob('extract_v2');
    await check('GET /api/v2/extract/{id}', { id: runningId, query });
    await check('POST /api/v2/extract/{id}/cancel', { id: runningId });
  });

  it('jobs without a batch', async () => {
    const [file] = (await emulator.addDirectory([{ name: 'a.md', content: 'a' }])).files;
    const configured = { tier: 'configured', version: 'configured', configuration_id: 'cfg-PARSE_AGENTIC' };
    const parseBody = { ...configured, file_id: file?.id, user_metadata: { run: 'r1' } };
    const parseId = await check('POST /api/v2/parse', { body: parseBody });
    await check('GET /api/v2/parse/{id}', { id: parseId });
    await check('GET /api/v2/parse', { query: '?page_size=1' });
    await eventually(() => emulator.jobs.list().find(({ id }) => id === parseId)?.status).toBe('COMPLETED');
    for (const file_input of [file?.id, parseId]) {
      const extractBody = { file_input, configuration_id: 'cfg-EXTRACT_AGENTIC' };
      const id = await check('POST /api/v2/extract', { body: extractBody });
      await check('GET /api/v2/extract/{id}', { id });
      await check('GET /api/v2/extract', { query: `?file_input=${file_input}` });
    }
    for (const group of ['day', 'project_id', 'event_type', 'tier']) {
      const query = `?organization_id=org-1&group_by=${group}&group_by=tier`;
      await check('GET /api/v1/beta/usage-metrics/aggregate', { query });
    }
  });

  it('configurations', async () => {
    const parameters = { product_type: 'parse_v2', tier: 'agentic' };
    const id = await check('POST /api/v1/beta/configurations', { body: { name: 'mine', parameters } });
    await check('PUT /api/v1/beta/configurations/{id}', { id, body: { parameters } });
    await check('GET /api/v1/beta/configurations/{id}', { id });
    emulator.addConfiguration('cfg-added');
    await check('GET /api/v1/beta/configurations');
  });

  it('new directories', async () => {
    for (const body of [{ name: 'a' }, { name: 'b', type: 'ephemeral', description: 'c' }]) {
      const id = await check('POST /api/v1/beta/directories', { body });
      const form = new FormData();
      form.set('upload_file', new File(['a'], 'a.md'));
      form.set('unique_id', 'sub/a.md');
      form.set('metadata', '{"size":1,"tags":["x"]}');
      const fileId = await check('POST /api/v1/beta/directories/{id}/files/upload', { id, body: form });
      await check('GET /api/v1/beta/directories/{id}/files', { id });
      const deleted = { directory_file_ids: [fileId] };
      await check('POST /api/v1/beta/directories/{id}/files/bulk-delete', { id, body: deleted });
      await check('GET /api/v1/beta/directories/{id}/files', { id, query: '?include_deleted=true' });
      await check('DELETE /api/v1/beta/directories/{id}', { id });
      await check('GET /api/v1/beta/directories', { query: '?include_deleted=true' });
    }
  });

  it('directories', async () => {
    await check('GET /api/v1/beta/directories/{id}', { id: directoryId });
    await check('GET /api/v1/beta/directories/{id}/files', { id: directoryId, query: '?page_size=4' });
  });

  it('errors', async () => {
    const wrong = { config: { job: { type: 'x' } } };
    const invalid = [
      await send('POST', '/api/v2/batches', wrong),
      await send('GET', '/api/v2/batches?status=DONE'),
      await send('GET', '/api/v2/parse?page_size=none'),
      await send('POST', '/api/v2/parse', { file_id: 'dfl-1', color: 'red' }),
      await send('POST', '/api/v2/extract', { file_input: 'dfl-1' }),
      await send('POST', '/api/v1/beta/directories', { type: 'index' }),
      await send('POST', `/api/v1/beta/directories/${directoryId}/files/upload`, new FormData()),
      await send('POST', `/api/v1/beta/directories/${directoryId}/files/bulk-delete`, { directory_file_ids: [] }),
      await send('GET', '/api/v1/beta/usage-metrics/aggregate?organization_id=org-1&group_by=month'),
    ];
    for (const { status, body } of invalid) {
      expect(status).toBe(422);
      expectValid(VALIDATION_ERROR, body);
    }
    const plain = [
      await send('GET', '/api/v2/batches', undefined, 'llx-wrong'),
      await send('GET', '/api/v2/batches/bat-none'),
      await send('DELETE', '/api/v2/batches'),
      await send('POST', '/api/v2/batches', createRequest(directoryId, 'extract_v2', 'cfg-PARSE_AGENTIC')),
      await send('POST', '/api/v2/batches', createRequest(directoryId, 'parse_v2', 'cfg-NOPE')),
      await send('GET', '/api/v1/beta/configurations/cfg-NOPE'),
      await send('DELETE', '/api/v1/beta/directories/dir-none'),
    ];
    expect(plain.map(({ status }) => status)).toEqual([401, 404, 405, 400, 404, 404, 404]);
    for (const { body } of plain) expectValid(PLAIN_ERROR, body);
  });

  it('and every route is tested', () => {
    expect([...covered].toSorted()).toEqual(Object.keys(RESPONSES).toSorted());
  });
});

/** Creates a batch that is RUNNING. */
async function createRunningBatch(type: 'parse_v2' | 'extract_v2'): Promise<string> {
  const id = await createBatch(emulator, directoryId, type);
  emulator.batches.setStatus(id, 'RUNNING');
  return id;
}

/** Creates a job that is mapped and RUNNING. */
async function createRunningJob(type: 'parse_v2' | 'extract_v2'): Promise<string> {
  const batchId = await createBatch(emulator, directoryId, type);
  await waitForJobs(emulator, batchId);
  const id = emulator.jobs.list().find((job) => job.batchId === batchId)?.id ?? '';
  emulator.jobs.setStatus(id, 'RUNNING');
  return id;
}
