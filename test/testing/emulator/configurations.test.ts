import { describe, expect, it } from 'vitest';
import { LlamaCloudClient } from '../../../src/index.js';
import type { EmulatorOptions } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
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

  it('that was saved for one job type is refused for the other with 400', async () => {
    const { emulator, create } = await startCreates();
    emulator.addConfiguration(SAVED, { productType: 'extract_v2' });
    expect((await create('extract_v2', SAVED)).status).toBe(201);
    expect((await create('parse_v2', SAVED)).status).toBe(400);
  });
});

describe('the route of configurations', () => {
  const PATH = '/api/v1/beta/configurations';
  const parameters = (tier: string) => ({ product_type: 'parse_v2', tier });

  it('saves one again under its name: its id stays, its version and its content change', async () => {
    freezeClock();
    const { emulator, create } = await startCreates();
    const save = (tier: string, name = 'mine') =>
      call(emulator, PATH, { method: 'POST', body: { name, parameters: parameters(tier) } });
    const [first, second, other] = [await save('fast'), await save('agentic'), await save('fast', 'other')];
    expect([first.status, second.body.id === first.body.id, other.body.id === first.body.id]).toEqual([
      201,
      true,
      false,
    ]);
    const { id } = first.body;
    const versions = [first, second].map(({ body }) => Object(body).version);
    expect(new Set(versions).size).toBe(2);
    expect(await call(emulator, `${PATH}/${id}`)).toMatchObject({ body: { parameters: parameters('agentic') } });
    expect((await create('parse_v2', id)).status).toBe(201);
    const listed = async (query: string) =>
      (await call(emulator, PATH + query)).body.items.map((item) => Object(item).version);
    expect(await listed('?name=mine')).toEqual(versions.toReversed());
    expect(await listed('?name=mine&latest_only=true')).toEqual([versions[1]]);
    expect(await listed('?product_type=extract_v2')).toEqual([]);
    expect(await listed('?latest_only=true&page_size=1')).toEqual([Object(other.body).version]);
  });

  it('changes one by its id', async () => {
    const { emulator } = await startCreates({ configurationIds: [SAVED] });
    const before = await call(emulator, `${PATH}/${SAVED}`);
    expect(before.body).toMatchObject({ name: SAVED, product_type: 'unknown' });
    const change = (body: object) => call(emulator, `${PATH}/${SAVED}`, { method: 'PUT', body });
    expect((await change({ name: 'new' })).body).toMatchObject({ id: SAVED, name: 'new', product_type: 'unknown' });
    const changed = await change({ parameters: parameters('fast') });
    expect(changed.body).toMatchObject({ name: 'new', parameters: parameters('fast') });
    expect(changed.body.created_at).toBe(before.body.created_at);
  });

  it('has presets only with the option presetsReadable', async () => {
    const { emulator } = await startCreates();
    const preset = `${PATH}/cfg-PARSE_AGENTIC`;
    expect(await call(emulator, preset)).toMatchObject({ status: 404 });
    emulator.configure({ presetsReadable: true });
    expect(await call(emulator, preset)).toMatchObject({
      body: { product_type: 'parse_v2', parameters: { tier: 'agentic' } },
    });
  });

  it('is used by what addConfiguration adds: a second time is a new version', async () => {
    const { emulator } = await startCreates();
    const read = async () => (await call(emulator, `${PATH}/${SAVED}`)).body;
    emulator.addConfiguration(SAVED, { productType: 'parse_v2', parameters: { tier: 'fast' } });
    const first = await read();
    emulator.addConfiguration(SAVED, { parameters: { tier: 'agentic' } });
    const second = await read();
    expect(second).toMatchObject({ product_type: 'parse_v2', parameters: parameters('agentic') });
    expect(Object(second).version).not.toBe(Object(first).version);
  });
});
