import { describe, expect, it } from 'vitest';
import { call, createBatch, startEmulator } from './helpers.js';

const FILES = [{ name: 'a.md', content: 'a' }];

describe('with unusualBatches, the list of a directory', () => {
  it('ends with the same five unusual batches, older than all others', async () => {
    const emulator = await startEmulator({ unusualBatches: true });
    const { id } = await emulator.addDirectory(FILES);
    const list = async () => (await call(emulator, `/api/v2/batches?source_directory_id=${id}`)).body.items;
    const before = await list();
    const batchId = await createBatch(emulator, id);
    const after = await list();
    expect(after).toMatchObject([{ id: batchId, status: 'COMPLETED' }, ...before]);
    const [noConfig, otherProduct, numericTime, noDirectory, archived] = before;
    expect(noConfig).not.toHaveProperty('config');
    expect(otherProduct).toMatchObject({ config: { job: { type: 'split_v1' } } });
    expect(numericTime).toMatchObject({ created_at: expect.any(Number), updated_at: expect.any(Number) });
    expect(noDirectory).not.toHaveProperty('source_directory_id');
    expect(archived).toMatchObject({ status: 'ARCHIVED' });
    const times = after.map(({ created_at }) =>
      typeof created_at === 'number' ? created_at * 1000 : Date.parse(created_at),
    );
    expect(times.toSorted((a, b) => b - a)).toEqual(times);
  });

  it('has pages', async () => {
    const emulator = await startEmulator({ unusualBatches: true });
    const { id } = await emulator.addDirectory(FILES);
    await createBatch(emulator, id);
    const path = `/api/v2/batches?source_directory_id=${id}`;
    const all = (await call(emulator, path)).body.items.map((batch) => batch.id);
    const paged: string[] = [];
    let token = '';
    do {
      const { body } = await call(emulator, `${path}&page_size=2${token}`);
      paged.push(...body.items.map((batch) => batch.id));
      token = body.next_page_token === null ? '' : `&page_token=${body.next_page_token}`;
    } while (token !== '');
    expect(paged).toEqual(all);
    expect(new Set(paged).size).toBe(6);
  });

  it('applies the filters', async () => {
    const emulator = await startEmulator({ unusualBatches: true });
    const { id } = await emulator.addDirectory(FILES);
    const count = async (query: string) =>
      (await call(emulator, `/api/v2/batches?source_directory_id=${id}${query}`)).body.items.length;
    expect(await count('&status=COMPLETED')).toBe(4);
    expect(await count('&status=RUNNING')).toBe(0);
    expect(await count('&project_id=prj-other')).toBe(0);
    const recently = encodeURIComponent(new Date(Date.now() - 60_000).toISOString());
    expect(await count(`&created_at_on_or_after=${recently}`)).toBe(0);
    expect(await count(`&created_at_on_or_before=${recently}`)).toBe(5);
  });

  it('is the only list with them; they can be read by id but not cancelled', async () => {
    const emulator = await startEmulator({ unusualBatches: true });
    const { id } = await emulator.addDirectory(FILES);
    const { items } = (await call(emulator, `/api/v2/batches?source_directory_id=${id}`)).body;
    expect((await call(emulator, '/api/v2/batches')).body.items).toEqual([]);
    for (const unusual of items) {
      expect(await call(emulator, `/api/v2/batches/${unusual.id}`)).toMatchObject({ status: 200, body: unusual });
      const cancel = await call(emulator, `/api/v2/batches/${unusual.id}/cancel`, { method: 'POST' });
      expect(cancel.status).toBe(409);
    }
  });
});
