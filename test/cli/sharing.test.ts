import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchClient } from '../../src/index.js';
import {
  type LlamaCloudEmulator,
  type LocalTemporal,
  startLlamaCloudEmulator,
  startLocalTemporal,
} from '../../src/testing/index.js';
import { files, parseInput } from '../support/test-environment.js';
import { CliProcess } from './cli-process.js';

const PER_SECOND = 10;

describe('two worker processes with LLAMACLOUD_REQUESTS_PER_SECOND', () => {
  let temporal: LocalTemporal;
  let emulator: LlamaCloudEmulator;
  let output: string;
  let batches: BatchClient;
  const workers: CliProcess[] = [];

  beforeAll(async () => {
    output = await mkdtemp(join(tmpdir(), 'cli-sharing-'));
    emulator = await startLlamaCloudEmulator({
      seed: 7,
      batchPendingMs: 0,
      batchRunningMs: 0,
      jobPendingMs: 0,
      jobRunningMs: 0,
    });
    temporal = await startLocalTemporal();
    batches = new BatchClient({ client: temporal.client });
    const env = {
      TEMPORAL_ADDRESS: temporal.address,
      LLAMA_CLOUD_API_KEY: emulator.apiKey,
      LLAMA_CLOUD_BASE_URL: emulator.url,
      LLAMACLOUD_OUTPUT: output,
      LLAMACLOUD_REQUESTS_PER_SECOND: String(PER_SECOND),
    };
    for (let i = 0; i < 2; i++) workers.push(new CliProcess(['worker'], { env }));
    await Promise.all(workers.map((worker) => worker.waitForOutput(/^Polling/)));
  });

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    await temporal?.close();
    await emulator?.close();
    await rm(output, { recursive: true, force: true });
  });

  it('make no more requests than that together, and let a small batch finish beside a large one', async () => {
    const [large, small] = await Promise.all([
      emulator.addDirectory(files(120), { id: 'dir-large' }),
      emulator.addDirectory(files(6), { id: 'dir-small' }),
    ]);
    const first = await batches.start(parseInput(large.id));
    const second = await batches.start(parseInput(small.id));
    const ended: string[] = [];
    const reports = await Promise.all([
      first.result().finally(() => ended.push('large')),
      second.result().finally(() => ended.push('small')),
    ]);
    expect(reports.map(({ files: { completed } }) => completed)).toEqual([120, 6]);
    expect(ended).toEqual(['small', 'large']);

    // Workers that are not limited together send twice as many requests. Temporal lets about one second's worth go at once.
    const times = emulator.requests.map(({ atMs }) => atMs).sort((a, b) => a - b);
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000;
    expect(times.length / seconds).toBeLessThan(1.4 * PER_SECOND);
    const busiest = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 5_000).length));
    expect(busiest).toBeLessThan(1.8 * PER_SECOND * 5);
  }, 600_000);
});
