import { describe, expect, it } from 'vitest';
import type { EmulatorOptions, LlamaCloudEmulator } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import { call, createBatch, startEmulator } from './helpers.js';

const FILES = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name: `${name}.md`, content: name }));

async function startBatch(options: EmulatorOptions, ended: 'COMPLETED' | 'CANCELLED' = 'COMPLETED') {
  const emulator = await startEmulator(options);
  const directory = await emulator.addDirectory(FILES);
  const batchId = await createBatch(emulator, directory.id);
  if (ended === 'CANCELLED') emulator.batches.setStatus(batchId, 'CANCELLED');
  return { emulator, batchId, fileIds: directory.files.map(({ id }) => id) };
}

async function readResults(emulator: LlamaCloudEmulator, batchId: string) {
  return (await call(emulator, `/api/v2/batches/${batchId}?expand=results`)).body.results;
}

describe('with shuffleResults', () => {
  it('each GET returns the rows in another order, the same under the same seed', async () => {
    const orders: (string[] | undefined)[][] = [];
    for (let run = 0; run < 2; run += 1) {
      const { emulator, batchId, fileIds } = await startBatch({ shuffleResults: true });
      const [first, second] = [await readResults(emulator, batchId), await readResults(emulator, batchId)];
      const ids = [first, second].map((rows) => rows?.map((row) => row.source_directory_file_id));
      expect(ids[0]?.toSorted()).toEqual(fileIds.toSorted());
      expect(ids[1]?.toSorted()).toEqual(fileIds.toSorted());
      expect(ids[1]).not.toEqual(ids[0]);
      orders.push(ids);
    }
    expect(orders[1]).toEqual(orders[0]);
  });

  it("rows that a test replaced keep their order, and the function gets the rows in the files' order", async () => {
    const { emulator, batchId, fileIds } = await startBatch({ shuffleResults: true });
    emulator.batches.setResults(batchId, (rows) => rows?.toReversed());
    const rows = await readResults(emulator, batchId);
    expect(rows?.map((row) => row.source_directory_file_id)).toEqual(fileIds.toReversed());
  });
});

describe.each(['COMPLETED', 'CANCELLED'] as const)('after %s', (ended) => {
  it('late rows are missing for lateRowsMs', async () => {
    const advance = freezeClock();
    const { emulator, batchId, fileIds } = await startBatch({ lateRowsMs: 500 }, ended);
    const ids = async () => (await readResults(emulator, batchId))?.map((row) => row.source_directory_file_id);
    advance(499);
    expect(await ids()).toEqual([fileIds[1], fileIds[3]]);
    advance(1);
    expect(await ids()).toEqual(fileIds);
  });

  it('late rows have neither job nor error until lateJobsMs, and are missing until lateRowsMs', async () => {
    const advance = freezeClock();
    const { emulator, batchId } = await startBatch({ lateRowsMs: 200, lateJobsMs: 500, lateRowsShare: 1 }, ended);
    const rows = () => readResults(emulator, batchId);
    advance(199);
    expect(await rows()).toEqual([]);
    advance(1);
    const empty = { job_reference: null, error_message: null };
    expect(await rows()).toMatchObject([empty, empty, empty, empty, empty]);
    advance(299);
    expect(await rows()).toMatchObject([empty, empty, empty, empty, empty]);
    advance(1);
    const full = { job_reference: { type: 'parse_v2', id: expect.any(String) }, error_message: null };
    expect(await rows()).toMatchObject([full, full, full, full, full]);
  });

  it('late rows may be missing forever, and may be any share of the rows', async () => {
    const advance = freezeClock();
    const options = { lateRowsMs: Number.POSITIVE_INFINITY, lateRowsShare: 0.6 };
    const { emulator, batchId, fileIds } = await startBatch(options, ended);
    const ids = async () => (await readResults(emulator, batchId))?.map((row) => row.source_directory_file_id);
    advance(1e12);
    expect(await ids()).toEqual([fileIds[2], fileIds[4]]);
    emulator.configure({ lateRowsShare: 0 });
    expect(await ids()).toEqual(fileIds);
  });

  it('results may be null for a while, or forever', async () => {
    const advance = freezeClock();
    const option = ended === 'COMPLETED' ? 'resultsNullMs' : 'cancelledResultsNullMs';
    const { emulator, batchId } = await startBatch({ [option]: 500 }, ended);
    advance(499);
    expect(await readResults(emulator, batchId)).toBeNull();
    advance(1);
    expect(await readResults(emulator, batchId)).toHaveLength(5);
    emulator.configure({ [option]: Number.POSITIVE_INFINITY });
    advance(1e12);
    expect(await readResults(emulator, batchId)).toBeNull();
  });
});
