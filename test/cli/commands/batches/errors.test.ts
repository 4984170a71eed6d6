import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLlamaCloudEmulator, TARGETS } from '../../../../src/testing/emulator/index.js';
import { cli } from '../../cli-process.js';
import { type BatchesEnvironment, CONFIG, CREATE, KEY, startBatchesEnvironment } from './batches-environment.js';

let environment: BatchesEnvironment;

beforeAll(async () => {
  environment = await startBatchesEnvironment();
});

afterAll(() => environment?.emulator.close());

describe('batches', () => {
  it.each([
    [['create', '--source-directory-id', 'dir-1'], "required option '--config <config>' not specified"],
    [['create', '--config', CONFIG], "required option '--source-directory-id <id>' not specified"],
    [['create', '--source-directory-id', 'dir-1', '--config', '{job: 1}'], '--config is not a batch configuration'],
    [['list', '--status', 'DONE'], 'Allowed choices are PENDING, THROTTLED'],
    [['list', '--page-size', '0'], 'It must be at least 1'],
    [['list', '--created-at-on-or-after', 'yesterday'], 'Give a time with its zone'],
    [['list', '--created-at-on-or-before', '2026-11-28T08:00:00'], 'Give a time with its zone'],
    [['list', '--created-at-on-or-before', '2026-13-28T08:00:00Z'], 'Give a time with its zone'],
    [['get'], 'No batch is given'],
    [['get', 'bat-1', '--batch-id', 'bat-1'], 'Two batches are given'],
    [['get', 'bat-1', '--expand', 'result'], 'Allowed choices are results'],
    [['get', '..'], 'Give the id of a batch'],
    [['cancel', '--batch-id', ' '], 'It must not be empty'],
    [['list', '--address', 'localhost:7233'], 'batches uses no Temporal server'],
    [['list', '--api-key', 'llx-...'], 'LLAMA_CLOUD_API_KEY is a placeholder'],
    [['creat'], "unknown command 'creat'\nhint: Did you mean create?"],
    [['delete', 'bat-1'], "unknown command 'delete'\nhint: the commands are create, list, get, cancel"],
  ])('exits 2 for %j, says why, and sends nothing', async (args, sentence) => {
    const { result, requests } = await environment.runRecorded(...args);
    expect(requests).toEqual([]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(/^error: /);
    expect(result.stderr).toContain(sentence);
  });

  it('needs a key, and neither Temporal nor the other settings of a worker', async () => {
    const { emulator, env } = environment;
    const without = await cli(['batches', 'list'], { LLAMA_CLOUD_BASE_URL: emulator.url });
    expect(without).toMatchObject({ code: 2, stdout: '' });
    expect(without.stderr).toContain('LLAMA_CLOUD_API_KEY is not set');
    const settings = { LLAMACLOUD_OUTPUT: 'gopher://x', TEMPORAL_ADDRESS: '127.0.0.1:1' };
    expect(await cli(['batches', 'list'], { ...env, ...settings })).toMatchObject({ code: 0 });
  });

  it('takes the key of --api-key before the one of the environment, before and after the verb', async () => {
    const env = { ...environment.env, LLAMA_CLOUD_API_KEY: 'llx-of-the-environment' };
    expect(await cli(['batches', 'list'], env)).toMatchObject({ code: 1 });
    expect(await cli(['batches', '--api-key', KEY, 'list'], env)).toMatchObject({ code: 0 });
    expect(await cli(['batches', 'list', '--api-key', KEY], env)).toMatchObject({ code: 0 });
  });

  it.each([CREATE, ['list'], ['get', 'bat-1'], ['cancel', 'bat-1']])(
    'exits 1 where LlamaCloud can not be reached, and says what to check: %s',
    async (...args) => {
      const gone = await startLlamaCloudEmulator();
      await gone.close();
      const env = { ...environment.env, LLAMA_CLOUD_BASE_URL: gone.url };
      const { code, stdout, stderr } = await cli(['batches', ...args], env);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^error: No response from LlamaCloud: .*ECONNREFUSED.*\nhint: .*LLAMA_CLOUD_BASE_URL/);
      expect(stderr).not.toContain('may have been created');
    },
  );

  it.each([
    [401, 'A key belongs to one region'],
    [402, 'out of credits'],
    [403, '--project-id'],
    [404, 'Check the id'],
    [429, 'too many requests'],
  ])('exits 1 where LlamaCloud answers %s, and says what to do', async (status, hint) => {
    environment.emulator.faults.next({ kind: 'status', status, detail: 'no', ...TARGETS.getBatch });
    const { code, stdout, stderr } = await environment.run('get', 'bat-1');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^error: LlamaCloud returned ${status}: no .*\\nhint: .*${hint}`));
  });
});
