import { describe, expect, it } from 'vitest';
import { LlamaCloudClient } from '../../../src/index.js';
import type { EmulatorOptions } from '../../../src/testing/emulator/index.js';
import { call, createRequest, startEmulator } from './helpers.js';

const SAVED = 'cfg-11111111-2222-3333-4444-555555555555';

async function startCreates(options: EmulatorOptions = {}) {
  const emulator = await startEmulator(options);
  const { id } = await emulator.addDirectory([{ name: 'a.md', content: 'a' }]);
  const create = (type: 'parse_v2' | 'extract_v2', configurationId: string) =>
    call(emulator, '/api/v2/batches', { method: 'POST', body: createRequest(id, type, configurationId) });
  return { emulator, create };
}

describe('a configuration', () => {
  it('that does not exist is refused with a 404 that names it, and no batch is created', async () => {
    const { emulator, create } = await startCreates();
    for (const id of ['cfg-NOPE', 'cfg-PARSE_NOPE', 'cfg-parse_agentic', 'cfg-', 'PARSE_AGENTIC', SAVED]) {
      const detail = expect.stringContaining(`configuration ${id} not found`);
      expect(await create('parse_v2', id)).toMatchObject({ status: 404, body: { detail } });
    }
    // A tier of parsing that extraction does not have.
    expect((await create('extract_v2', 'cfg-EXTRACT_FAST')).status).toBe(404);
    expect(emulator.batches.list()).toEqual([]);
  });

  it('that does not exist is named by the error of our client', async () => {
    const { emulator } = await startCreates();
    const client = new LlamaCloudClient({ apiKey: emulator.apiKey, baseUrl: emulator.url });
    const sourceDirectoryId = (await emulator.addDirectory([{ name: 'a.md', content: 'a' }])).id;
    const job = { type: 'parse_v2', configurationId: 'cfg-NOPE' } as const;
    await expect(client.createBatch({ sourceDirectoryId, job })).rejects.toThrow(
      'LlamaCloud returned 404: configuration cfg-NOPE not found',
    );
  });

  it('that is a preset exists for its job type', async () => {
    const { create } = await startCreates();
    for (const tier of ['FAST', 'COST_EFFECTIVE', 'AGENTIC', 'AGENTIC_PLUS']) {
      expect((await create('parse_v2', `cfg-PARSE_${tier}`)).status).toBe(201);
    }
    for (const tier of ['COST_EFFECTIVE', 'AGENTIC', 'AGENTIC_PLUS']) {
      expect((await create('extract_v2', `cfg-EXTRACT_${tier}`)).status).toBe(201);
    }
  });

  it('that is a preset of the other job type is refused with 400', async () => {
    const { create } = await startCreates();
    expect(await create('extract_v2', 'cfg-PARSE_AGENTIC')).toMatchObject({
      status: 400,
      body: { detail: 'configuration cfg-PARSE_AGENTIC is for parse_v2, not extract_v2' },
    });
    expect((await create('parse_v2', 'cfg-EXTRACT_AGENTIC')).status).toBe(400);
  });

  it('that was saved exists for both job types once it is added, at the start or later', async () => {
    const { emulator, create } = await startCreates({ configurationIds: ['cfg-One'] });
    expect((await create('parse_v2', 'cfg-One')).status).toBe(201);
    expect((await create('extract_v2', 'cfg-One')).status).toBe(201);
    expect((await create('parse_v2', SAVED)).status).toBe(404);
    emulator.addConfiguration(SAVED);
    expect((await create('parse_v2', SAVED)).status).toBe(201);
  });
});
