import { describe, expect, it } from 'vitest';
import type { EmulatorOptions } from '../../../src/testing/emulator/index.js';
import { call, createRequest, startEmulator } from './helpers.js';

async function startCreates(options: EmulatorOptions = {}) {
  const emulator = await startEmulator(options);
  const { id } = await emulator.addDirectory([{ name: 'a.md', content: 'a' }]);
  const create = (type: 'parse_v2' | 'extract_v2', configurationId: string) =>
    call(emulator, '/api/v2/batches', { method: 'POST', body: createRequest(id, type, configurationId) });
  return { emulator, create };
}

describe('a configuration', () => {
  it('is refused with 404 when it is no preset and does not look saved, and no batch is made', async () => {
    const { emulator, create } = await startCreates();
    for (const id of ['cfg-NOPE', 'cfg-PARSE_NOPE', 'cfg-parse_agentic', 'cfg-', 'cfg-PARSE_', 'PARSE_AGENTIC']) {
      expect(await create('parse_v2', id)).toMatchObject({ status: 404, body: { detail: 'configuration not found' } });
    }
    // A tier of parsing that extraction does not have.
    expect((await create('extract_v2', 'cfg-EXTRACT_FAST')).status).toBe(404);
    expect(emulator.batches.list()).toEqual([]);
  });

  it('exists when it is a preset of the job type', async () => {
    const { create } = await startCreates();
    for (const tier of ['FAST', 'COST_EFFECTIVE', 'AGENTIC', 'AGENTIC_PLUS']) {
      expect((await create('parse_v2', `cfg-PARSE_${tier}`)).status).toBe(201);
    }
    for (const tier of ['COST_EFFECTIVE', 'AGENTIC', 'AGENTIC_PLUS']) {
      expect((await create('extract_v2', `cfg-EXTRACT_${tier}`)).status).toBe(201);
    }
  });

  it('exists for both job types when it looks saved, as long as none was announced at the start', async () => {
    const { create } = await startCreates();
    for (const id of ['cfg-11111111-2222-3333-4444-555555555555', 'cfg-mine']) {
      expect((await create('parse_v2', id)).status).toBe(201);
      expect((await create('extract_v2', id)).status).toBe(201);
    }
  });

  it('must be announced once one was announced at the start', async () => {
    const { emulator, create } = await startCreates({ configurationIds: ['cfg-One'] });
    expect((await create('parse_v2', 'cfg-One')).status).toBe(201);
    expect((await create('parse_v2', 'cfg-PARSE_AGENTIC')).status).toBe(201);
    expect((await create('parse_v2', 'cfg-two')).status).toBe(404);
    emulator.addConfiguration('cfg-two');
    expect((await create('parse_v2', 'cfg-two')).status).toBe(201);
  });
});
