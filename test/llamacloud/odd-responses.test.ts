import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Batch, BatchResult } from '../../src/llamacloud/index.js';
import { BATCH, clientOf, EXTRACT_JOB, PARSE_JOB, respondWith } from './support.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-1' } as const;
const ODD = [5, 'text', true, [], {}, null];

async function batchOf(body: unknown): Promise<Batch> {
  const { client } = await clientOf(respondWith(body));
  return client.getBatch('bat-1');
}

async function rowsOf(...results: unknown[]) {
  return (await batchOf({ ...BATCH, results })).results;
}

describe('an invalid optional field does not fail a batch', () => {
  test.each(['config', 'source_directory_id', 'created_at', 'updated_at', 'project_id', 'color'])(
    'whatever %s is',
    async (field) => {
      let body: unknown;
      const { client } = await clientOf((response) => void response.end(JSON.stringify(body)));
      for (const value of [undefined, ...ODD]) {
        body = { ...BATCH, [field]: value };
        expect(await client.getBatch('bat-1')).toMatchObject({ id: 'bat-1', status: 'RUNNING' });
      }
    },
  );

  test.each([
    ['config', { job: { type: 'parse_v2' } }],
    ['config', { job: { type: 7, configuration_id: 'cfg-1' } }],
    ['config', null],
    ['source_directory_id', 7],
    ['source_directory_id', ''],
    ['created_at', 1_700_000_000],
    ['created_at', 'yesterday'],
  ])('%s is missing if it is invalid, %#', async (field, value) => {
    expect(await batchOf({ ...BATCH, [field]: value })).toHaveProperty(field, undefined);
  });

  test('an unknown product and status pass as they are', async () => {
    const config = { job: { type: 'classify_v9', configuration_id: 'cfg-9' } };
    expect(await batchOf({ ...BATCH, config, status: '' })).toMatchObject({ config, status: '' });
  });

  test.each([
    [{ id: 'bat-1' }, 'PENDING'],
    [{ id: 'bat-1', status: 7, results: 'soon', config: 4 }, 'PENDING'],
    [{ id: 'bat-1', status: 'NEW' }, 'NEW'],
  ])('a created batch needs its id alone, %#', async (body, status) => {
    const { client } = await clientOf(respondWith(body, 201));
    expect(await client.createBatch({ sourceDirectoryId: 'dir-1', job: JOB })).toMatchObject({ id: 'bat-1', status });
  });

  test('types say what may be missing', () => {
    expectTypeOf<Batch['id' | 'status']>().toEqualTypeOf<string>();
    expectTypeOf<Batch['source_directory_id']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Batch['created_at']>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<Batch['results']>().toEqualTypeOf<BatchResult[] | null | undefined>();
    expectTypeOf<BatchResult['job_reference']>().toEqualTypeOf<{ id: string; type: string } | null | undefined>();
  });
});

describe('an invalid item is dropped from a list, and the others stay', () => {
  test('of batches, where an object is enough', async () => {
    const items = [...ODD, { ...BATCH, id: 'a\u0000' }, BATCH, { id: 'bat-2', results: 9 }];
    const { client } = await clientOf(respondWith({ items, total_size: 'many' }));
    expect((await client.listBatches()).items).toEqual([
      { id: null, status: 'UNKNOWN' },
      { ...BATCH, id: null },
      BATCH,
      { id: 'bat-2', status: 'UNKNOWN' },
    ]);
  });

  test.each([
    ['parse_v2', PARSE_JOB],
    ['extract_v2', EXTRACT_JOB],
  ] as const)('of %s jobs', async (type, job) => {
    const items = [...ODD, { ...job, id: 5 }, { ...job, status: '' }, { ...job, id: '\n' }, job];
    const { client } = await clientOf(respondWith({ items }));
    expect((await client.listJobs({ type })).items).toEqual([{ ...job, type }]);
  });
});

test('an invalid item stays in a list of files, so that each file is counted', async () => {
  const file = { id: 'dfl-1', display_name: 'a.pdf', created_at: '2026-01-01T00:00:00Z' };
  const deleted_at = '2026-01-02T00:00:00Z';
  const items = [
    ...[5, 'text', {}, null, { id: 'dfl-2' }, { id: 'dfl-3', display_name: null }, { id: 'dfl-4', display_name: 7 }],
    ...[{ ...file, id: 5 }, { ...file, id: '', deleted_at }, file, { ...file, created_at: 'then', deleted_at: 5 }],
  ];
  const { client } = await clientOf(respondWith({ items }));
  expect((await client.listDirectoryFiles('dir-1')).items).toEqual([
    ...[{ id: null }, { id: null }, { id: null }, { id: null }],
    ...[{ id: 'dfl-2' }, { id: 'dfl-3', display_name: null }, { id: 'dfl-4' }],
    ...[{ ...file, id: null }, { ...file, id: null, deleted_at }, file, { id: 'dfl-1', display_name: 'a.pdf' }],
  ]);
});

describe('a malformed result row stays in the list, and so do the others', () => {
  const good = { source_directory_file_id: 'dfl-1', job_reference: { id: 'pjb-1', type: 'parse_v2' } };
  const UNUSABLE = 'LlamaCloud returned an unusable job id';

  test('if it is not an object', async () => {
    expect(await rowsOf(good, 5, null, 'row', [], good)).toEqual([good, {}, {}, {}, {}, good]);
  });

  test.each([7, ''])('if its file id is %j', async (source_directory_file_id) => {
    expect(await rowsOf({ ...good, source_directory_file_id })).toEqual([{ job_reference: good.job_reference }]);
  });

  test.each([
    [''],
    ['.'],
    ['..'],
    ['a\u0007'],
    ['p'.repeat(201)],
    ['漢'.repeat(67)],
    ['\ud800'],
    [7],
    [null],
    [undefined],
  ])('where its job has the id %j', async (id) => {
    const job_reference = { id, type: 'parse_v2' };
    const told = { ...good, job_reference, error_message: 'told' };
    expect(await rowsOf({ ...good, job_reference }, told)).toEqual([
      { ...good, job_reference: null, error_message: UNUSABLE },
      { ...good, job_reference: null, error_message: 'told' },
    ]);
  });

  test.each([5, 'pjb-1', []])('if its job is %j', async (job_reference) => {
    expect(await rowsOf({ ...good, job_reference })).toEqual([
      { ...good, job_reference: null, error_message: UNUSABLE },
    ]);
  });

  test('if its job has no type', async () => {
    expect(await rowsOf({ ...good, job_reference: { id: 'pjb-1', type: 4 } })).toEqual([
      { ...good, job_reference: null, error_message: 'LlamaCloud returned an unusable job type' },
    ]);
  });

  test.each([
    [null, null],
    [undefined, undefined],
    ['', ''],
    ['no', 'no'],
    [{ code: 7 }, '{"code":7}'],
    [[1, 'a'], '[1,"a"]'],
    [false, 'false'],
    [{ a: 'x'.repeat(1_000) }, `{"a":"${'x'.repeat(294)}…`],
    ['\ud800', '\ufffd'],
  ])('where its error is %j', async (error_message, text) => {
    const [row] = (await rowsOf({ source_directory_file_id: 'dfl-1', error_message })) ?? [];
    expect(row?.error_message).toBe(text);
  });

  test('if its error is nested too deeply to show', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const { client } = await clientOf(respondWith(`{"id":"bat-1","status":"A","results":[{"error_message":${deep}}]}`));
    const { results } = await client.getBatch('bat-1');
    expect(results?.[0]?.error_message).toMatch(/^(\[{300}…|\(a value that is nested too deeply to show\))$/);
  });
});

describe('an invalid optional field does not fail a job', () => {
  test.each([
    ['1.5', 1.5],
    ['0', 0],
    ['null', null],
    ['-1', null],
    ['1e999', null],
    ['"3"', null],
    ['{}', null],
  ])('credits of %s are %j', async (credits, expected) => {
    const { client } = await clientOf(respondWith(`{"id":"e","status":"COMPLETED","usage":{"credits":${credits}}}`));
    const { job } = await client.getJob({ id: 'e', type: 'extract_v2' });
    expect(job.usage?.credits).toBe(expected);
  });

  test.each(['usage', 'id', 'project_id', 'name', 'tier', 'created_at', 'updated_at', 'error_message', 'file_input'])(
    'whatever %s is',
    async (field) => {
      let job: object;
      const { client } = await clientOf((response, { method, url }) => {
        response.end(JSON.stringify(method === 'GET' && url.includes('parse') ? { job } : job));
      });
      for (const value of [undefined, ...ODD]) {
        job = { ...PARSE_JOB, [field]: value };
        for (const type of ['parse_v2', 'extract_v2'] as const) {
          expect((await client.getJob({ id: 'p', type })).job.status).toBe('COMPLETED');
          if (field !== 'id') expect((await client.cancelJob({ id: 'p', type })).id).toBe('pjb-1');
        }
      }
    },
  );

  test.each(['markdown', 'text', 'items', 'result_content_metadata'])('nor what %s is', async (field) => {
    let body: unknown;
    const { client } = await clientOf((response) => void response.end(JSON.stringify(body)));
    for (const value of [...ODD, { pages: 5 }, { markdown: 5 }]) {
      body = { job: PARSE_JOB, [field]: value };
      expect(await client.getJob({ id: 'p', type: 'parse_v2' })).toMatchObject({ job: { status: 'COMPLETED' } });
    }
  });

  test('an invalid page stays in the list', async () => {
    const pages = [5, null, { page_number: '2', markdown: 7, success: 'yes', error: { code: 1 } }, { markdown: 'a' }];
    const { client } = await clientOf(respondWith({ job: PARSE_JOB, markdown: { pages } }));
    expect(await client.getJob({ id: 'p', type: 'parse_v2' })).toMatchObject({
      markdown: { pages: [{}, {}, { error: '{"code":1}' }, { markdown: 'a' }] },
    });
  });

  test('a size that is not a number of bytes is dropped', async () => {
    const url = 'https://store.example/a';
    const metadata = (size_bytes: unknown) => ({ presigned_url: url, size_bytes });
    const all = { a: metadata(-1), b: metadata(1.5), c: metadata('9'), d: metadata(9), e: 7 };
    const { client } = await clientOf(respondWith({ job: PARSE_JOB, result_content_metadata: all }));
    const job = await client.getJob({ id: 'p', type: 'parse_v2' });
    if (job.type !== 'parse_v2') throw new Error('it is another job');
    const none = { presigned_url: url };
    expect(job.result_content_metadata).toEqual({ a: none, b: none, c: none, d: metadata(9) });
  });

  test('a record is an object or an array', async () => {
    for (const [value, expected] of [
      [{ a: 1 }, { a: 1 }],
      [[1], [1]],
      ['text', undefined],
    ]) {
      const { client } = await clientOf(respondWith({ ...EXTRACT_JOB, extract_result: value }));
      const { job } = await client.getJob({ id: 'e', type: 'extract_v2' });
      expect(job.extract_result).toEqual(expected);
    }
  });

  test('the response of a cancel needs no status', async () => {
    const { client } = await clientOf(respondWith({}));
    const type = 'parse_v2';
    expect(await client.cancelJob({ id: 'p', type })).toEqual({ id: 'p', status: 'UNKNOWN', type });
  });
});
