import { describe, expect, it } from 'vitest';
import { type Fault, TARGETS } from '../../../src/testing/emulator/index.js';
import { call, createRequest, eventually, startEmulator } from './helpers.js';

async function startWithFault(fault: Fault) {
  const emulator = await startEmulator();
  const { id } = await emulator.addDirectory([{ name: 'a.md', content: 'a' }]);
  emulator.faults.next({ ...fault, ...TARGETS.createBatch });
  const create = () => call(emulator, '/api/v2/batches', { method: 'POST', body: createRequest(id) });
  return { emulator, create, count: () => emulator.batches.list().length };
}

describe('a create', () => {
  it('may be lost by a reset and take effect later', async () => {
    const { emulator, create, count } = await startWithFault({ kind: 'late-effect', effectAfterMs: 2_000 });
    const sentAtMs = Date.now();
    await expect(create()).rejects.toThrow('fetch failed');
    expect(count()).toBe(0);
    await eventually(count).toBe(1);
    expect(emulator.batches.list()[0]?.createdAtMs).toBeGreaterThanOrEqual(sentAtMs + 1_995);
    expect(emulator.requests).toMatchObject([{ method: 'POST', status: 0 }]);
  });

  it('may be answered 503 with Retry-After and take effect later', async () => {
    const { create, count } = await startWithFault({
      kind: 'late-effect',
      effectAfterMs: 2_000,
      response: 'unavailable',
    });
    const { status, headers } = await create();
    expect([status, headers.get('retry-after'), count()]).toEqual([503, '1', 0]);
    await eventually(count).toBe(1);
  });

  it('has no effect if the emulator is closed before', async () => {
    const { emulator, create, count } = await startWithFault({ kind: 'late-effect', effectAfterMs: 60_000 });
    await expect(create()).rejects.toThrow('fetch failed');
    await emulator.close();
    expect(count()).toBe(0);
  });

  it('may take effect and be answered 503 with Retry-After', async () => {
    const { create, count } = await startWithFault({ kind: 'error-after', status: 503, retryAfter: 1 });
    const { status, headers } = await create();
    expect([status, headers.get('retry-after'), count()]).toEqual([503, '1', 1]);
  });

  it('may create two batches and answer with the first', async () => {
    const { emulator, create } = await startWithFault({ kind: 'duplicated' });
    const { status, body } = await create();
    const created = emulator.batches.list();
    expect([status, body.id, created.length]).toEqual([201, created[0]?.id, 2]);
    expect(created[1]).toMatchObject({ directoryId: created[0]?.directoryId, status: 'COMPLETED' });
  });

  it('may create two batches and lose the response', async () => {
    const reset = await startWithFault({ kind: 'duplicated', response: 'reset' });
    await expect(reset.create()).rejects.toThrow('fetch failed');
    expect(reset.count()).toBe(2);
    const refused = await startWithFault({ kind: 'duplicated', response: 'unavailable' });
    expect([(await refused.create()).status, refused.count()]).toEqual([503, 2]);
  });
});
