import { describe, expect, it } from 'vitest';
import type { LlamaCloudEmulator } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import { call, createBatch, createRequest, startEmulator, waitForJobs } from './helpers.js';

const FILE = { name: 'a.md', content: 'a' };

async function allPages(emulator: LlamaCloudEmulator, path: string): Promise<string[][]> {
  const pages: string[][] = [];
  let token = '';
  do {
    const { body } = await call(emulator, `${path}${token}`);
    pages.push(body.items.map(({ id }) => id));
    token = body.next_page_token === null ? '' : `&page_token=${body.next_page_token}`;
  } while (token !== '');
  return pages;
}

describe('the list of batches', () => {
  it('is newest first, in pages', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory([FILE]);
    const created: string[] = [];
    for (let index = 0; index < 5; index += 1) created.push(await createBatch(emulator, id));
    const [e, d, c, b, a] = created.toReversed();
    expect(await allPages(emulator, '/api/v2/batches?page_size=2')).toEqual([[e, d], [c, b], [a]]);
    expect(await allPages(emulator, '/api/v2/batches?page_size=5')).toEqual([[e, d, c, b, a]]);
  });

  it('neither skips nor repeats a batch when one is created between two pages', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory([FILE]);
    const created = [await createBatch(emulator, id), await createBatch(emulator, id), await createBatch(emulator, id)];
    const first = (await call(emulator, '/api/v2/batches?page_size=2')).body;
    await createBatch(emulator, id);
    const second = (await call(emulator, `/api/v2/batches?page_size=2&page_token=${first.next_page_token}`)).body;
    expect([...first.items, ...second.items].map((batch) => batch.id)).toEqual(created.toReversed());
  });

  it('reduces a page_size above the limit', async () => {
    const emulator = await startEmulator({ defaultPageSize: 2, maxPageSize: 3 });
    const { id } = await emulator.addDirectory([FILE]);
    for (let index = 0; index < 5; index += 1) await createBatch(emulator, id);
    expect((await call(emulator, '/api/v2/batches')).body.items).toHaveLength(2);
    expect((await call(emulator, '/api/v2/batches?page_size=1000')).body.items).toHaveLength(3);
  });

  it('filters by status, directory, project and time', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator({ batchPendingMs: 500 });
    const [one, two] = [await emulator.addDirectory([FILE]), await emulator.addDirectory([FILE])];
    const old = await createBatch(emulator, one.id);
    advance(1000);
    const recent = await createBatch(emulator, two.id);
    const response = await call(emulator, '/api/v2/batches?project_id=prj-b&organization_id=org-b', {
      method: 'POST',
      body: createRequest(one.id),
    });
    const other = response.body.id;
    const listed = async (query: string) =>
      (await call(emulator, `/api/v2/batches?${query}`)).body.items.map(({ id }) => id);
    expect(await listed('status=PENDING')).toEqual([other, recent]);
    expect(await listed('status=COMPLETED')).toEqual([old]);
    expect(await listed(`source_directory_id=${one.id}`)).toEqual([other, old]);
    expect(await listed('project_id=prj-b')).toEqual([other]);
    expect(await listed('organization_id=org-a')).toEqual([recent, old]);
    const now = encodeURIComponent(new Date().toISOString());
    expect(await listed(`created_at_on_or_after=${now}`)).toEqual([other, recent]);
    expect(await listed(`created_at_on_or_before=${now}`)).toEqual([other, recent, old]);
    expect(await listed(`source_directory_id=${one.id}&created_at_on_or_after=${now}`)).toEqual([other]);
  });
});

describe.each([
  ['parse', 'parse_v2'],
  ['extract', 'extract_v2'],
] as const)('the list of %s jobs', (path, type) => {
  it('filters by id, status and time, and has no jobs of the other product', async () => {
    const emulator = await startEmulator();
    const files = [FILE, { name: 'b.md', content: '' }, { name: 'c.md', content: 'c' }];
    const { id } = await emulator.addDirectory(files);
    const batchId = await createBatch(emulator, id, type);
    await waitForJobs(emulator, batchId);
    const other = await createBatch(emulator, id, type === 'parse_v2' ? 'extract_v2' : 'parse_v2');
    const otherJob = emulator.jobs.list().find((job) => job.batchId === other)?.id ?? '';
    const [a = '', b = '', c = ''] = emulator.jobs.list().map((job) => job.id);
    const listed = async (query: string) =>
      (await call(emulator, `/api/v2/${path}?${query}`)).body.items.map((job) => job.id);
    expect(await listed('')).toEqual([c, b, a]);
    expect(await listed(`job_ids=${a}&job_ids=${c}&job_ids=nobody&job_ids=${otherJob}`)).toEqual([c, a]);
    expect(await listed('status=FAILED')).toEqual([b]);
    expect(await listed(`status=COMPLETED&job_ids=${a}&job_ids=${b}`)).toEqual([a]);
    expect(await listed('created_at_on_or_after=2199-01-01T00:00:00Z')).toEqual([]);
    expect(await allPages(emulator, `/api/v2/${path}?page_size=2`)).toEqual([[c, b], [a]]);
    expect((await call(emulator, `/api/v2/${path}/${otherJob}`)).status).toBe(404);
  });
});
