import { describe, expect, it } from 'vitest';
import { type EmulatorOptions, TARGETS } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import { call, createBatch, eventually, startEmulator, waitForJobs } from './helpers.js';

const CONFIGURED = { tier: 'configured', version: 'configured', configuration_id: 'cfg-PARSE_AGENTIC' };
const EXTRACT = { configuration_id: 'cfg-EXTRACT_AGENTIC' };

async function startWithFile(options: EmulatorOptions = {}, content = '# Title\n\nwords') {
  const emulator = await startEmulator(options);
  const { id, files } = await emulator.addDirectory([{ name: 'a.md', content }]);
  const fileId = files[0]?.id ?? '';
  const create = (product: 'parse' | 'extract', body: object) =>
    call(emulator, `/api/v2/${product}`, { method: 'POST', body });
  return { emulator, directoryId: id, fileId, create };
}

describe('a parse job without a batch', () => {
  it('parses a file, by its own id or by that of its content', async () => {
    const { emulator, directoryId, fileId, create } = await startWithFile();
    const { body } = await call(emulator, `/api/v1/beta/directories/${directoryId}/files`);
    for (const file_id of [fileId, Object(body.items[0]).file_id]) {
      const created = await create('parse', { ...CONFIGURED, file_id, user_metadata: { run: 'r1' } });
      expect(created).toMatchObject({ status: 200, body: { name: 'a.md', tier: 'agentic' } });
      expect(created.body).toMatchObject({ user_metadata: { run: 'r1' } });
      const path = `/api/v2/parse/${created.body.id}?expand=markdown_full&expand=usage`;
      await eventually(async () => (await call(emulator, path)).body.job.status).toBe('COMPLETED');
      const done = (await call(emulator, path)).body;
      expect([done.markdown_full, done.job.usage?.credits]).toEqual(['# Title\n\nwords', 3]);
    }
    expect(emulator.jobs.list()).toMatchObject([
      { batchId: null, configurationId: 'cfg-PARSE_AGENTIC' },
      { batchId: null },
    ]);
  });

  it('fails if its document can not be parsed, and costs nothing', async () => {
    const { emulator, fileId, create } = await startWithFile({}, '');
    const { body } = await create('parse', { ...CONFIGURED, file_id: fileId });
    const path = `/api/v2/parse/${body.id}?expand=usage`;
    await eventually(async () => (await call(emulator, path)).body.job.status).toBe('FAILED');
    expect((await call(emulator, path)).body.job.usage?.credits).toBe(0);
  });

  it('can be cancelled', async () => {
    const { emulator, fileId, create } = await startWithFile({ jobRunningMs: 60_000 });
    const { body } = await create('parse', { ...CONFIGURED, file_id: fileId });
    expect(await call(emulator, `/api/v2/parse/${body.id}/cancel`, { method: 'POST' })).toMatchObject({
      body: { status: 'CANCELLED' },
    });
  });

  it.each([
    ['no tier', { file_id: 'f' }, 422],
    ['an unknown field', { ...CONFIGURED, file_id: 'f', color: 'red' }, 422],
    ['no file', { ...CONFIGURED }, 422],
    ['an unknown tier', { file_id: 'f', tier: 'best', version: 'latest' }, 422],
    ['a tier that no configuration sets', { file_id: 'f', tier: 'configured', version: 'configured' }, 422],
    ['large labels', { ...CONFIGURED, file_id: 'f', user_metadata: { run: 'r'.repeat(501) } }, 422],
    ['an unknown file', { ...CONFIGURED, file_id: 'f' }, 404],
    ['an unknown configuration', { ...CONFIGURED, file_id: 'f', configuration_id: 'cfg-NOPE' }, 404],
    ['a configuration of extract', { ...CONFIGURED, file_id: 'f', ...EXTRACT }, 400],
    ['a URL', { ...CONFIGURED, source_url: 'https://example.com' }, 400],
    ['webhooks', { ...CONFIGURED, file_id: 'f', webhook_configurations: [{}] }, 400],
  ])('with %s is refused', async (_, body, status) => {
    const { emulator, create } = await startWithFile();
    expect(await create('parse', body)).toMatchObject({ status });
    expect(emulator.jobs.list()).toEqual([]);
  });

  it('is refused for a file that was deleted', async () => {
    const { emulator, directoryId, fileId, create } = await startWithFile();
    await fetch(`${emulator.url}/api/v1/beta/directories/${directoryId}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${emulator.apiKey}` },
    });
    expect(await create('parse', { ...CONFIGURED, file_id: fileId })).toMatchObject({ status: 404 });
  });

  it('has its labels in lists too, unless listsUserMetadata is false', async () => {
    const { emulator, fileId, create } = await startWithFile();
    const { body } = await create('parse', { ...CONFIGURED, file_id: fileId, user_metadata: { run: 'r1' } });
    const listed = async () => Object((await call(emulator, '/api/v2/parse')).body.items[0]).user_metadata;
    expect(await listed()).toEqual({ run: 'r1' });
    emulator.configure({ listsUserMetadata: false });
    expect(await listed()).toBeNull();
    expect((await call(emulator, `/api/v2/parse/${body.id}`)).body.job).toMatchObject({ user_metadata: { run: 'r1' } });
  });
});

describe('an extract job without a batch', () => {
  it('extracts from a file or from a completed parse job, by which it is listed', async () => {
    const { emulator, directoryId, fileId, create } = await startWithFile();
    await createBatch(emulator, directoryId, 'extract_v2');
    const parse = (await create('parse', { ...CONFIGURED, file_id: fileId })).body.id;
    await eventually(() => emulator.jobs.list().find(({ id }) => id === parse)?.status).toBe('COMPLETED');
    const ids: string[] = [];
    for (const file_input of [fileId, parse]) {
      const { body } = await create('extract', { ...EXTRACT, file_input });
      expect(body).toMatchObject({ file_input, ...EXTRACT });
      ids.push(body.id);
      const path = `/api/v2/extract/${body.id}`;
      await eventually(async () => (await call(emulator, path)).body.extract_result).toMatchObject({ title: 'Title' });
    }
    const listed = async (query: string) =>
      (await call(emulator, `/api/v2/extract?${query}`)).body.items.map(({ id }) => id);
    expect(await listed(`file_input=${parse}`)).toEqual([ids[1]]);
    const ofBatch = emulator.jobs.list().find(({ batchId }) => batchId !== null)?.id;
    expect(await listed(`file_input=${fileId}&${new URLSearchParams(EXTRACT)}`)).toEqual([ids[0], ofBatch]);
    expect(await listed(`file_input=${fileId}&configuration_id=cfg-OTHER`)).toEqual([]);
  });

  it.each([
    ['no configuration', { file_input: 'f' }, 422],
    ['two configurations', { file_input: 'f', ...EXTRACT, configuration: { data_schema: {} } }, 422],
    ['an unknown file', { file_input: 'f', ...EXTRACT }, 404],
    ['a configuration of parse', { file_input: 'f', configuration_id: 'cfg-PARSE_AGENTIC' }, 400],
  ])('with %s is refused', async (_, body, status) => {
    const { emulator, create } = await startWithFile();
    expect(await create('extract', body)).toMatchObject({ status });
    expect(emulator.jobs.list()).toEqual([]);
  });

  it('is refused for a parse job that has not completed', async () => {
    const { fileId, create } = await startWithFile({ jobRunningMs: 60_000 });
    const { body } = await create('parse', { ...CONFIGURED, file_id: fileId });
    expect(await create('extract', { ...EXTRACT, file_input: body.id })).toMatchObject({ status: 400 });
  });
});

it.each([
  ['reset-after', 1],
  ['reset-before', 0],
  ['duplicated', 2],
] as const)('a job is created under the fault %s as often as it says', async (kind, count) => {
  const { emulator, fileId, create } = await startWithFile();
  emulator.faults.next({ kind, ...TARGETS.createJob });
  await create('parse', { ...CONFIGURED, file_id: fileId }).catch(() => undefined);
  expect(emulator.jobs.list()).toHaveLength(count);
});

it('a new job lags in lists and reads, as those of batches do', async () => {
  const advance = freezeClock();
  const { emulator, fileId, create } = await startWithFile({ jobListLagMs: 2_000, readLagMs: 1_000 });
  const { body } = await create('parse', { ...CONFIGURED, file_id: fileId });
  const read = async () => (await call(emulator, `/api/v2/parse/${body.id}`)).status;
  const list = async () => (await call(emulator, '/api/v2/parse')).body.items.length;
  expect([await read(), await list()]).toEqual([404, 0]);
  advance(1_000);
  expect([await read(), await list()]).toEqual([200, 0]);
  advance(1_000);
  expect([await read(), await list()]).toEqual([200, 1]);
});

describe('usage', () => {
  const aggregate = async (emulator: Awaited<ReturnType<typeof startEmulator>>, query: string) => {
    const path = `/api/v1/beta/usage-metrics/aggregate?organization_id=org-1&${query}`;
    const { body } = await call(emulator, path);
    return Object(body).buckets;
  };

  it('is the credits of the jobs, grouped and filtered', async () => {
    freezeClock();
    const { emulator, directoryId, fileId, create } = await startWithFile();
    await waitForJobs(emulator, await createBatch(emulator, directoryId));
    const { id } = (await create('parse', { ...CONFIGURED, configuration_id: 'cfg-PARSE_FAST', file_id: fileId })).body;
    await create('extract', { ...EXTRACT, file_input: fileId });
    await eventually(() => emulator.jobs.running()).toEqual([]);
    expect(await aggregate(emulator, 'group_by=tier&event_types=pages_parsed')).toEqual([
      { dimensions: { tier: 'agentic' }, total_credits: 3, total_value: 1, metric_count: 1 },
      { dimensions: { tier: 'fast' }, total_credits: 3, total_value: 1, metric_count: 1 },
    ]);
    const day = new Date().toISOString().slice(0, 10);
    expect(await aggregate(emulator, 'group_by=day')).toMatchObject([{ dimensions: { day }, total_credits: 9 }]);
    expect(await aggregate(emulator, `group_by=day&event_aggregation_key=${id}`)).toMatchObject([{ total_credits: 3 }]);
    expect(await aggregate(emulator, `group_by=event_type&day_on_or_after=${day}&days=${day}`)).toHaveLength(2);
    expect(await aggregate(emulator, 'group_by=day&day_on_or_before=2020-01-01')).toEqual([]);
    expect(await aggregate(emulator, 'group_by=day&project_id=prj-other')).toEqual([]);
  });

  it('has nothing that is not billed yet', async () => {
    const advance = freezeClock();
    const { emulator, fileId, create } = await startWithFile({ creditsNullMs: 1_000 });
    await create('parse', { ...CONFIGURED, file_id: fileId });
    await eventually(() => emulator.jobs.running()).toEqual([]);
    expect(await aggregate(emulator, 'group_by=tier')).toEqual([]);
    advance(1_000);
    expect(await aggregate(emulator, 'group_by=tier')).toMatchObject([{ total_credits: 3 }]);
  });

  it.each(['group_by=day', 'organization_id=org-1', 'organization_id=org-1&group_by=month'])(
    'with the query %s is refused with 422',
    async (query) => {
      const emulator = await startEmulator();
      expect(await call(emulator, `/api/v1/beta/usage-metrics/aggregate?${query}`)).toMatchObject({ status: 422 });
    },
  );
});
