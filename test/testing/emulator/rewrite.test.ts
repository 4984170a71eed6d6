import { describe, expect, it } from 'vitest';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { call, createBatch, startEmulator } from './helpers.js';

const FILES = [{ name: 'a.md', content: 'a' }];

async function startBatch() {
  const emulator = await startEmulator();
  const { id } = await emulator.addDirectory(FILES);
  const batchId = await createBatch(emulator, id);
  return { emulator, batchId, get: () => call(emulator, `/api/v2/batches/${batchId}?expand=results`) };
}

describe('rewrite', () => {
  it('replaces the JSON of the responses that match, until it is removed', async () => {
    const { emulator, batchId, get } = await startBatch();
    const remove = emulator.rewrite(TARGETS.getBatch, (body) => ({
      ...Object(body),
      status: 7,
      extra: { deep: [1e308] },
    }));
    expect(await get()).toMatchObject({ status: 200, body: { id: batchId, status: 7, extra: { deep: [1e308] } } });
    expect((await call(emulator, '/api/v2/batches')).body.items).toMatchObject([{ id: batchId, status: 'COMPLETED' }]);
    remove();
    expect((await get()).body.status).toBe('COMPLETED');
  });

  it('changes `times` responses', async () => {
    const { emulator, get } = await startBatch();
    emulator.rewrite({ path: /^\/api\/v2\/batches\//, times: 2 }, () => null);
    expect([(await get()).body, (await get()).body]).toEqual([null, null]);
    expect((await get()).body.status).toBe('COMPLETED');
  });

  it('matches the method and the exact path, and keeps the status', async () => {
    const { emulator, batchId } = await startBatch();
    emulator.rewrite({ method: 'post', path: '/api/v2/batches' }, () => ['not a batch']);
    expect((await call(emulator, '/api/v2/batches')).body.items).toMatchObject([{ id: batchId }]);
    const { id } = await emulator.addDirectory(FILES);
    const config = { job: { type: 'parse_v2', configuration_id: 'cfg-PARSE_AGENTIC' } };
    const body = { source_directory_id: id, config };
    const created = await call(emulator, '/api/v2/batches', { method: 'POST', body });
    expect(created).toMatchObject({ status: 201, body: ['not a batch'] });
  });

  it('applies several to the same response, in the order in which they were added', async () => {
    const { emulator, get } = await startBatch();
    emulator.rewrite(TARGETS.getBatch, () => ['first']);
    emulator.rewrite(TARGETS.getBatch, (body) => [body, 'second']);
    expect((await get()).body).toEqual([['first'], 'second']);
  });

  it('leaves errors alone', async () => {
    const { emulator } = await startBatch();
    emulator.rewrite({ path: /./ }, () => 'changed');
    expect(await call(emulator, '/api/v2/batches/bat-none')).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('bat-none') },
    });
  });
});
