import { describe, expect, test } from 'vitest';
import { LlamaCloudClient } from '../../src/llamacloud/index.js';
import { BATCH, bytesOf, clientOf, EXTRACT_JOB, KEY, PARSE_JOB, rejection, respondWith, serve } from './support.js';

const SCOPE = { projectId: 'prj-1', organizationId: 'org-1' };
const SCOPE_QUERY = 'project_id=prj-1&organization_id=org-1';
const TIMES = { createdAtOnOrAfter: new Date(0), createdAtOnOrBefore: '2026-01-01T00:00:00+02:00' };
const TIMES_QUERY = {
  created_at_on_or_after: ['1970-01-01T00:00:00.000Z'],
  created_at_on_or_before: ['2026-01-01T00:00:00+02:00'],
};
const LIST_QUERY = {
  project_id: ['prj-1'],
  organization_id: ['org-1'],
  page_size: ['7'],
  page_token: ['t&1'],
  status: ['COMPLETED'],
  ...TIMES_QUERY,
};

function queryOf(url: string | undefined): Record<string, string[]> {
  const { searchParams } = new URL(url ?? '', 'http://server');
  return Object.fromEntries([...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name)]));
}

describe('on the wire', () => {
  test('a batch is created with its job and scope, the key in a header, and nothing else', async () => {
    const { client, seen } = await clientOf(respondWith(BATCH, 201));
    const job = { type: 'extract_v2', configurationId: 'cfg-1' } as const;
    expect((await client.createBatch({ ...SCOPE, sourceDirectoryId: 'dir-1', job })).id).toBe('bat-1');
    expect(seen[0]).toMatchObject({ method: 'POST', url: `/api/v2/batches?${SCOPE_QUERY}` });
    expect(seen[0]?.headers).toMatchObject({ authorization: `Bearer ${KEY}`, 'content-type': 'application/json' });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      source_directory_id: 'dir-1',
      config: { job: { type: 'extract_v2', configuration_id: 'cfg-1' } },
    });
  });

  test('webhooks are created with the batch, and what is left out of them is not sent', async () => {
    const { client, seen } = await clientOf(respondWith(BATCH, 201));
    await client.createBatch({
      sourceDirectoryId: 'dir-1',
      job: { type: 'parse_v2', configurationId: 'cfg-1' },
      webhooks: [
        { url: 'https://a.example', events: ['batch.success'], headers: { 'x-a': 'b' }, signingSecret: 'hush' },
        { url: 'https://b.example' },
      ],
    });
    expect(seen[0]?.url).toBe('/api/v2/batches');
    expect(JSON.parse(seen[0]?.body ?? '')).toHaveProperty('webhook_configurations', [
      {
        webhook_url: 'https://a.example',
        webhook_events: ['batch.success'],
        webhook_headers: { 'x-a': 'b' },
        webhook_signing_secret: 'hush',
        webhook_output_format: 'json',
      },
      { webhook_url: 'https://b.example', webhook_output_format: 'json' },
    ]);
  });

  test('a batch is read with each expanded field in the query', async () => {
    const { client, seen } = await clientOf(respondWith(BATCH));
    await client.getBatch('bat-1');
    await client.getBatch('bat-1', { expand: ['results', 'more'], ...SCOPE });
    expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['GET', '/api/v2/batches/bat-1', ''],
      ['GET', `/api/v2/batches/bat-1?${SCOPE_QUERY}&expand=results&expand=more`, ''],
    ]);
  });

  test('batches are listed by every filter, times as a Date or as text', async () => {
    const { client, seen } = await clientOf(respondWith({ items: [BATCH] }));
    const page = await client.listBatches({
      ...SCOPE,
      ...TIMES,
      pageSize: 7,
      pageToken: 't&1',
      status: 'COMPLETED',
      sourceDirectoryId: 'dir-1',
    });
    expect(page.items).toEqual([BATCH]);
    expect(seen[0]).toMatchObject({ method: 'GET', url: expect.stringMatching(/^\/api\/v2\/batches\?/) });
    expect(queryOf(seen[0]?.url)).toEqual({ ...LIST_QUERY, source_directory_id: ['dir-1'] });
  });

  test('a batch is cancelled by a POST without a body', async () => {
    const { client, seen } = await clientOf(respondWith(BATCH));
    await client.cancelBatch('bat-1', SCOPE);
    expect(seen[0]).toMatchObject({ method: 'POST', url: `/api/v2/batches/bat-1/cancel?${SCOPE_QUERY}`, body: '' });
  });

  test.each([
    { type: 'parse_v2', route: '/api/v2/parse', job: PARSE_JOB, one: { job: PARSE_JOB } },
    { type: 'extract_v2', route: '/api/v2/extract', job: EXTRACT_JOB, one: EXTRACT_JOB },
  ] as const)('$type jobs are read, listed and cancelled at $route', async ({ type, route, job, one }) => {
    const { client, seen } = await clientOf((response, { method, url }) => {
      const list = { items: [job] };
      response.end(JSON.stringify(method === 'POST' ? job : url.startsWith(`${route}?`) ? list : one));
    });
    expect(await client.getJob({ id: job.id, type }, { ...SCOPE, expand: ['a', 'b'] })).toEqual({ type, job });
    const filters = { ...SCOPE, ...TIMES, pageSize: 7, pageToken: 't&1', status: 'COMPLETED', jobIds: ['j1', 'j2'] };
    expect((await client.listJobs({ type, ...filters })).items).toEqual([{ ...job, type }]);
    expect(await client.cancelJob({ id: job.id, type }, SCOPE)).toEqual({ ...job, type });
    expect(seen[0]).toMatchObject({ method: 'GET', url: `${route}/${job.id}?${SCOPE_QUERY}&expand=a&expand=b` });
    expect(seen[1]).toMatchObject({ method: 'GET', url: expect.stringContaining(`${route}?`) });
    expect(queryOf(seen[1]?.url)).toEqual({ ...LIST_QUERY, job_ids: ['j1', 'j2'] });
    expect(seen[2]).toMatchObject({ method: 'POST', url: `${route}/${job.id}/cancel?${SCOPE_QUERY}` });
  });

  test('an empty list of ids sends no request: a query without ids lists all jobs', async () => {
    const { client, seen } = await clientOf(respondWith({ items: [PARSE_JOB] }));
    expect(await client.listJobs({ type: 'parse_v2', jobIds: [] })).toEqual({ items: [] });
    expect(seen).toEqual([]);
  });

  test('a directory is created, listed and deleted', async () => {
    const directory = { id: 'dir-1', name: 'mine' };
    const { client, seen } = await clientOf((response, { method }) => {
      if (method === 'DELETE') response.writeHead(204).end();
      else response.end(JSON.stringify(method === 'POST' ? directory : { items: [directory, { id: '..' }] }));
    });
    const created = await client.createDirectory({ ...SCOPE, name: 'mine', description: 'd', type: 'ephemeral' });
    expect(created).toMatchObject(directory);
    await client.createDirectory({ name: 'mine' });
    const page = await client.listDirectories({ ...SCOPE, name: 'a&b', type: 'user', pageSize: 3, pageToken: 't' });
    expect(page.items).toMatchObject([directory, { id: null }]);
    await client.deleteDirectory('dir-1', SCOPE);
    const route = '/api/v1/beta/directories';
    expect(seen.map(({ method, url }) => [method, url])).toEqual([
      ['POST', `${route}?${SCOPE_QUERY}`],
      ['POST', route],
      ['GET', `${route}?${SCOPE_QUERY}&page_size=3&page_token=t&name=a%26b&type=user`],
      ['DELETE', `${route}/dir-1?${SCOPE_QUERY}`],
    ]);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ name: 'mine', description: 'd', type: 'ephemeral' });
    expect(JSON.parse(seen[1]?.body ?? '')).toEqual({ name: 'mine', type: 'user' });
  });

  test('files are deleted by their ids, at most 100 at a time', async () => {
    const { client, seen } = await clientOf((response) => void response.writeHead(204).end());
    await client.deleteDirectoryFiles('dir-1', ['dfl-1', 'dfl-2'], SCOPE);
    await client.deleteDirectoryFiles('dir-1', []);
    const tooMany = Array.from({ length: 101 }, (_, index) => `dfl-${index}`);
    await rejection(RangeError, client.deleteDirectoryFiles('dir-1', tooMany));
    expect(seen).toHaveLength(1);
    expect(seen[0]?.url).toBe(`/api/v1/beta/directories/dir-1/files/bulk-delete?${SCOPE_QUERY}`);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ directory_file_ids: ['dfl-1', 'dfl-2'] });
  });

  test('jobs are created from a file, with the tier and version of their configuration', async () => {
    const { client, seen } = await clientOf((response, { url }) => {
      response.end(JSON.stringify(url.includes('parse') ? { ...PARSE_JOB, status: 7 } : EXTRACT_JOB));
    });
    const configurationId = 'cfg-1';
    expect(
      await client.createParseJob({
        ...SCOPE,
        fileId: 'f-1',
        configurationId,
        userMetadata: { run: 'r' },
        disableCache: true,
      }),
    ).toMatchObject({ id: 'pjb-1', type: 'parse_v2', status: 'PENDING' });
    await client.createParseJob({ fileId: 'f-1', configurationId });
    expect(await client.createExtractJob({ ...SCOPE, fileInput: 'dfl-1', configurationId })).toMatchObject({
      id: 'ext-1',
      type: 'extract_v2',
    });
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `POST /api/v2/parse?${SCOPE_QUERY}`,
      'POST /api/v2/parse',
      `POST /api/v2/extract?${SCOPE_QUERY}`,
    ]);
    const parse = { file_id: 'f-1', configuration_id: 'cfg-1', tier: 'configured', version: 'configured' };
    expect(seen.map(({ body }) => JSON.parse(body))).toEqual([
      { ...parse, user_metadata: { run: 'r' }, disable_cache: true },
      parse,
      { file_input: 'dfl-1', configuration_id: 'cfg-1' },
    ]);
  });

  test('extract jobs are listed by their file and configuration, and parse jobs can not be', async () => {
    const { client, seen } = await clientOf(respondWith({ items: [] }));
    const filters = { fileInput: 'dfl-1', configurationId: 'cfg-1' };
    await client.listJobs({ type: 'extract_v2', ...filters });
    expect(seen[0]?.url).toBe('/api/v2/extract?file_input=dfl-1&configuration_id=cfg-1');
    await rejection(TypeError, client.listJobs({ type: 'parse_v2', fileInput: 'dfl-1' }));
    await rejection(TypeError, client.listJobs({ type: 'parse_v2', configurationId: 'cfg-1' }));
    expect(seen).toHaveLength(1);
  });

  test('configurations are read and listed', async () => {
    const saved = { id: 'cfg-1', version: 'v1', parameters: { tier: 'fast' } };
    const { client, seen } = await clientOf((response, { url }) => {
      response.end(JSON.stringify(url.includes('cfg-1') ? saved : { items: [saved, 7] }));
    });
    expect(await client.getConfiguration('cfg-1', SCOPE)).toEqual(saved);
    const filters = { productTypes: ['parse_v2', 'extract_v2'], name: 'mine', latestOnly: true, pageSize: 3 };
    expect((await client.listConfigurations(filters)).items).toEqual([saved]);
    const route = '/api/v1/beta/configurations';
    expect(seen.map(({ url }) => url)).toEqual([
      `${route}/cfg-1?${SCOPE_QUERY}`,
      `${route}?page_size=3&product_type=parse_v2&product_type=extract_v2&name=mine&latest_only=true`,
    ]);
  });

  test('usage is added up by what it is grouped by', async () => {
    const buckets = [{ dimensions: { day: '2026-11-28' }, total_credits: 3.5, total_value: 'odd' }];
    const { client, seen } = await clientOf(respondWith({ group_by: ['day'], buckets }));
    const usage = await client.aggregateUsage({
      ...SCOPE,
      groupBy: ['day', 'tier'],
      dayOnOrAfter: '2026-11-01',
      dayOnOrBefore: '2026-11-30',
      eventTypes: ['pages_parsed'],
      jobId: 'pjb-1',
    });
    expect(usage.buckets).toEqual([{ dimensions: { day: '2026-11-28' }, total_credits: 3.5, total_value: undefined }]);
    expect(seen[0]?.url.split('?')[0]).toBe('/api/v1/beta/usage-metrics/aggregate');
    expect(queryOf(seen[0]?.url)).toEqual({
      project_id: ['prj-1'],
      organization_id: ['org-1'],
      group_by: ['day', 'tier'],
      day_on_or_after: ['2026-11-01'],
      day_on_or_before: ['2026-11-30'],
      event_types: ['pages_parsed'],
      event_aggregation_key: ['pjb-1'],
    });
  });

  test('the files of a directory are listed by each filter', async () => {
    const { client, seen } = await clientOf(respondWith({ items: [] }));
    await client.listDirectoryFiles('dir-1', { uniqueId: 'a/b\n', displayName: 'c', fileId: 'f-1' });
    expect(queryOf(seen[0]?.url)).toEqual({ unique_id: ['a/b\n'], display_name: ['c'], file_id: ['f-1'] });
  });

  test('the files of a directory are listed', async () => {
    const { client, seen } = await clientOf(respondWith({ items: [{ id: 'dfl-1', display_name: 'a.pdf' }] }));
    const page = await client.listDirectoryFiles('dir-1', { ...SCOPE, pageSize: 3, pageToken: 't' });
    expect(page.items).toEqual([{ id: 'dfl-1', display_name: 'a.pdf' }]);
    expect(seen[0]?.url).toBe(`/api/v1/beta/directories/dir-1/files?${SCOPE_QUERY}&page_size=3&page_token=t`);
  });

  test('the key stays with LlamaCloud when it redirects to another origin', async () => {
    const other = await serve(respondWith(BATCH));
    const { client } = await clientOf(respondWith('', 307, { location: `${other.url}/moved` }));
    await client.getBatch('bat-1');
    expect(other.seen[0]?.url).toBe('/moved');
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization');
  });
});

describe('the client accepts', () => {
  test.each(['', '/', '//', '/a/prefix', '/a/prefix/'])('a base URL that ends with %j', async (end) => {
    const { url, seen } = await serve(respondWith(BATCH));
    await new LlamaCloudClient({ apiKey: KEY, baseUrl: ` ${url}${end} ` }).getBatch('bat-1');
    expect(seen[0]?.url).toBe(`${end.replace(/\/+$/, '')}/api/v2/batches/bat-1`);
  });

  test('a custom fetch, for requests and for downloads', async () => {
    const asked: string[] = [];
    const fetch: typeof globalThis.fetch = async (input) => {
      asked.push(input instanceof Request ? input.url : String(input));
      return new Response(JSON.stringify(BATCH));
    };
    const client = new LlamaCloudClient({ apiKey: KEY, baseUrl: 'http://nowhere.invalid', fetch });
    expect((await client.getBatch('bat-1')).status).toBe('RUNNING');
    await bytesOf(client.download('http://nowhere.invalid/document'));
    expect(asked).toEqual(['http://nowhere.invalid/api/v2/batches/bat-1', 'http://nowhere.invalid/document']);
  });

  test('a key with white space around it', async () => {
    const { url, seen } = await serve(respondWith(BATCH));
    await new LlamaCloudClient({ apiKey: ` ${KEY}\n`, baseUrl: url }).getBatch('bat-1');
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  test.each(['', ' ', 'llx-a b', 'llx-a\nb', 'llx-\u{2603}', 'llx-é'])(
    'no key like %j, and does not repeat it',
    (apiKey) => {
      expect(() => new LlamaCloudClient({ apiKey })).toThrow(/^apiKey (is empty|has a space)[^\u{2603}é]*$/u);
    },
  );

  test.each(['', 'localhost:80', 'ftp://a', 'http://u:p@a', 'http://a/?b', 'http://a/#b'])(
    'no base URL like %j',
    (baseUrl) => {
      expect(() => new LlamaCloudClient({ apiKey: KEY, baseUrl })).toThrow(/^baseUrl (is not|must not)/);
    },
  );

  test.each([0, -1, Number.NaN, 2 ** 31])('no timeout of %d ms', (timeoutMs) => {
    expect(() => new LlamaCloudClient({ apiKey: KEY, timeoutMs })).toThrow(RangeError);
  });
});

describe('an id', () => {
  test.each(['a/b', '../x', '%2e%2e', 'a b', 'ü\u{1F600}', 'a?b=c', 'a#b', 'a;b', 'a\\b', '...', ' '])(
    '%j reaches its own route and no other',
    async (id) => {
      const { client, seen } = await clientOf(respondWith(BATCH));
      await client.getBatch(id);
      await client.cancelBatch(id);
      expect(seen.map(({ url }) => url.split('/').length)).toEqual([5, 6]);
      expect(seen.map(({ url }) => decodeURIComponent(url))).toEqual([
        `/api/v2/batches/${id}`,
        `/api/v2/batches/${id}/cancel`,
      ]);
    },
  );

  test.each(['', '.', '..', '\ud800'])('%j is rejected before anything is sent', async (id) => {
    const { client, seen } = await clientOf(respondWith(BATCH));
    const type = 'parse_v2';
    await rejection(TypeError, client.getBatch(id));
    await rejection(TypeError, client.cancelBatch(id));
    await rejection(TypeError, client.getJob({ id, type }));
    await rejection(TypeError, client.cancelJob({ id, type }));
    await rejection(TypeError, client.listDirectoryFiles(id));
    await rejection(TypeError, client.deleteDirectory(id));
    await rejection(TypeError, client.deleteDirectoryFiles(id, ['dfl-1']));
    await rejection(TypeError, client.uploadDirectoryFile(id, { content: new Blob([]), fileName: 'a', uniqueId: 'a' }));
    await rejection(TypeError, client.getConfiguration(id));
    expect(seen).toEqual([]);
  });

  test('that is empty is rejected in bodies and filters too, where it would match everything', async () => {
    const { client, seen } = await clientOf(respondWith({ items: [] }));
    const job = { type: 'parse_v2', configurationId: 'cfg-1' } as const;
    await rejection(TypeError, client.createBatch({ sourceDirectoryId: '', job }));
    await rejection(
      TypeError,
      client.createBatch({ sourceDirectoryId: 'dir-1', job: { ...job, configurationId: '' } }),
    );
    await rejection(TypeError, client.listBatches({ sourceDirectoryId: '' }));
    await rejection(TypeError, client.listBatches({ projectId: '' }));
    await rejection(TypeError, client.listBatches({ organizationId: '' }));
    await rejection(TypeError, client.listJobs({ type: 'parse_v2', jobIds: [''] }));
    await rejection(TypeError, client.listJobs({ type: 'extract_v2', fileInput: '' }));
    await rejection(TypeError, client.listJobs({ type: 'extract_v2', configurationId: '' }));
    await rejection(TypeError, client.listDirectories({ name: '' }));
    await rejection(TypeError, client.listDirectoryFiles('dir-1', { uniqueId: '' }));
    await rejection(TypeError, client.listDirectoryFiles('dir-1', { fileId: '' }));
    await rejection(TypeError, client.deleteDirectoryFiles('dir-1', ['']));
    await rejection(TypeError, client.createDirectory({ name: '' }));
    await rejection(TypeError, client.createParseJob({ fileId: '', configurationId: 'cfg-1' }));
    await rejection(TypeError, client.createParseJob({ fileId: 'f-1', configurationId: '' }));
    await rejection(TypeError, client.createExtractJob({ fileInput: '', configurationId: 'cfg-1' }));
    await rejection(TypeError, client.listConfigurations({ name: '' }));
    await rejection(TypeError, client.aggregateUsage({ organizationId: '', groupBy: ['day'] }));
    const upload = { content: new Blob([]), fileName: 'a', uniqueId: 'a' };
    await rejection(TypeError, client.uploadDirectoryFile('dir-1', { ...upload, uniqueId: '' }));
    await rejection(TypeError, client.uploadDirectoryFile('dir-1', { ...upload, uniqueId: '\ud800' }));
    await rejection(TypeError, client.uploadDirectoryFile('dir-1', { ...upload, fileName: '' }));
    const content = { stream: new Blob([]).stream(), sizeBytes: Number.NaN };
    await rejection(RangeError, client.uploadDirectoryFile('dir-1', { ...upload, content }));
    expect(seen).toEqual([]);
  });
});
