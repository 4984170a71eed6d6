import { describe, expect, it } from 'vitest';
import { ADVERSE_CONDITIONS } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import { call, createBatch, startEmulator, waitForJobs } from './helpers.js';

const FILES = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name: `${name}.md`, content: name }));

describe('ADVERSE_CONDITIONS', () => {
  it('all occur, and every file has its job in the end', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator(ADVERSE_CONDITIONS);
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const list = async () => (await call(emulator, `/api/v2/batches?source_directory_id=${id}`)).body.items;
    const results = async () => (await call(emulator, `/api/v2/batches/${batchId}?expand=results`)).body.results;
    expect(await list()).toHaveLength(5);
    expect(await results()).toHaveLength(2);
    advance(40);
    expect((await results())?.filter((row) => row.job_reference === null)).toHaveLength(3);
    advance(40);
    const orders = new Set<string>();
    for (let index = 0; index < 5; index += 1) {
      const rows = await results();
      expect(rows?.filter((row) => row.job_reference === null)).toEqual([]);
      orders.add(JSON.stringify(rows));
    }
    expect(orders.size).toBeGreaterThan(1);
    advance(220);
    const [created, ...unusual] = await list();
    expect([created?.id, unusual.length]).toEqual([batchId, 5]);
    expect(Date.now() - Date.parse(created?.created_at ?? '')).toBe(2 * 60 * 60 * 1000 + 300);
    await waitForJobs(emulator, batchId);
  });

  it('can be enabled later', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory(FILES);
    emulator.configure(ADVERSE_CONDITIONS);
    expect((await call(emulator, `/api/v2/batches?source_directory_id=${id}`)).body.items).toHaveLength(5);
  });
});
