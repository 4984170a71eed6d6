import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CliProcess, cli } from './cli-process.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-emulator-'));
  await writeFile(join(folder, 'a.txt'), 'one document');
});

afterAll(() => rm(folder, { recursive: true }));

interface Ready {
  readonly url: string;
  readonly apiKey?: string;
}

async function serve(args: readonly string[]): Promise<{ emulator: CliProcess; ready: Ready }> {
  const emulator = new CliProcess(['emulator', ...args]);
  onTestFinished(async () => {
    await emulator.stop();
  });
  const [line] = await emulator.waitForOutput(/^.*\n/);
  const ready: Ready = JSON.parse(line);
  return { emulator, ready };
}

describe('emulator', () => {
  it('prints one line of JSON when it is ready, serves, and ends well on SIGTERM', async () => {
    const { emulator, ready } = await serve(['--directory', `dir-1=${folder}`, '--api-key', 'llx-given']);
    expect(ready).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      directories: [{ id: 'dir-1', files: 1 }],
    });

    const headers = { authorization: 'Bearer llx-given' };
    const listed = await fetch(`${ready.url}/api/v2/batches`, { headers });
    expect(listed.status).toBe(200);
    const requests = await fetch(`${ready.url}/__emulator/requests`);
    expect(await requests.json()).toEqual([{ method: 'GET', path: '/api/v2/batches', status: 200 }]);

    const { code, stdout, stderr } = await emulator.stop('SIGTERM');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stdout + stderr).not.toContain('llx-given');
  });

  it('tells the key that it made itself', async () => {
    const { ready } = await serve(['--seed', '7']);
    const headers = { authorization: `Bearer ${ready.apiKey}` };
    expect((await fetch(`${ready.url}/api/v2/batches`, { headers })).status).toBe(200);
  });

  it('accepts the configurations that it was given, and no other that is not a preset', async () => {
    const { ready } = await serve(['--directory', `dir-1=${folder}`, '--api-key', 'k', '--configuration', 'cfg-saved']);
    const create = async (configuration: string) => {
      const response = await fetch(`${ready.url}/api/v2/batches`, {
        method: 'POST',
        headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
        body: JSON.stringify({
          source_directory_id: 'dir-1',
          config: { job: { type: 'parse_v2', configuration_id: configuration } },
        }),
      });
      return response.status;
    };
    expect(await create('cfg-saved')).toBe(201);
    expect(await create('cfg-NOPE')).toBe(404);
  });

  it('lets a batch take the time that it was given', async () => {
    const { ready } = await serve(['--directory', `dir-1=${folder}`, '--api-key', 'k', '--batch-duration', '1h']);
    const response = await fetch(`${ready.url}/api/v2/batches`, {
      method: 'POST',
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
      body: JSON.stringify({
        source_directory_id: 'dir-1',
        config: { job: { type: 'parse_v2', configuration_id: 'cfg-PARSE_AGENTIC' } },
      }),
    });
    expect(await response.json()).toMatchObject({ status: 'PENDING' });
  });

  it('says that its port is taken', async () => {
    const { ready } = await serve([]);
    const { code, stderr } = await cli(['emulator', '--port', new URL(ready.url).port]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: Port \d+ is in use\nhint: /);
  });
});
