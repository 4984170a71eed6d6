import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BatchClient } from '../../src/index.js';
import { startLlamaCloudEmulator } from '../../src/testing/index.js';
import { openNamespace } from '../support/namespace.js';
import { until } from '../support/until.js';
import { createDelivery, type DeliveryOptions, OLD_SECRET, SECRET, signBody } from '../webhooks/support.js';
import { CliProcess, cli } from './cli-process.js';

/** Where no Temporal server is. */
const AWAY = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

async function receive(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const command = new CliProcess(['webhooks', ...args], { env });
  onTestFinished(async () => {
    await command.stop('SIGKILL');
  });
  const [line] = await command.waitForOutput(/^.*\n/);
  const { url }: { url: string } = JSON.parse(line);
  const post = async (delivery: DeliveryOptions = {}) => {
    const response = await fetch(`${url}/hook?x=1`, {
      method: 'POST',
      ...createDelivery({ workflowId: 'run-1', ...delivery }),
    });
    return response.status;
  };
  return { command, url, line, post };
}

describe('webhooks', () => {
  it('refuses and counts what is not genuine, also where Temporal is away, and ends well on SIGTERM', async () => {
    const secrets = `${SECRET}, ${OLD_SECRET}`;
    const { command, url, line, post } = await receive({ ...AWAY, LLAMACLOUD_WEBHOOK_SECRET: secrets });
    expect(JSON.parse(line)).toEqual({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    const deliveries: [DeliveryOptions, number][] = [
      [{ signature: null }, 401],
      [{ secret: 'whsec-of-somebody-else' }, 401],
      [{ secret: 'whsec-of-somebody-else' }, 401],
      [{ ageSeconds: 3_600 }, 401],
      [{ body: 'x'.repeat(1_000_000) }, 413],
      [{ body: '{}' }, 400],
      [{ eventId: 'e' }, 202],
      [{ eventId: 'e', secret: OLD_SECRET }, 200],
    ];
    for (const [delivery, status] of deliveries) expect(await post(delivery), JSON.stringify(delivery)).toBe(status);
    expect((await fetch(url)).status).toBe(405);
    await until('the warning', () => command.stderr.includes("warning: Temporal can't be reached at 127.0.0.1:1"));

    const { code, stdout, stderr } = await command.stop('SIGTERM');
    expect(code).toBe(0);
    expect(stdout).toBe(line);
    // Whether Temporal's client has given up on the signal by now is a matter of seconds.
    const refused = '1 unsigned, 2 forged, 1 stale, 1 replayed, 1 oversized, 1 malformed';
    expect(stderr).toMatch(new RegExp(`^Deliveries so far: (1 undelivered, )?${refused}$`, 'm'));
    expect(stderr).toContain('First delivery that is forged: its LC-Signature is not of a secret in');
    expect(stderr.match(/that is forged/g)).toHaveLength(1);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(stdout + stderr).not.toContain(OLD_SECRET);
  });

  it('wakes the run of a worker that has the same secret: the run ends soon after its batch', async () => {
    const { address, namespace, client } = await openNamespace();
    const env = {
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      LLAMACLOUD_WEBHOOK_SECRET: `${SECRET},${OLD_SECRET}`,
    };
    const { command, url } = await receive(env);
    const emulator = await startLlamaCloudEmulator({ batchRunningMs: 3_600_000 });
    onTestFinished(() => emulator.close());
    const output = await mkdtemp(join(tmpdir(), 'cli-webhooks-'));
    onTestFinished(() => rm(output, { recursive: true, force: true }));
    const worker = new CliProcess(['worker'], {
      env: {
        ...env,
        LLAMACLOUD_WEBHOOK_URL: `${url}/hook`,
        LLAMA_CLOUD_API_KEY: emulator.apiKey,
        LLAMA_CLOUD_BASE_URL: emulator.url,
        LLAMACLOUD_OUTPUT: output,
      },
    });
    onTestFinished(async () => {
      await worker.stop('SIGKILL');
    });
    const { id } = await emulator.addDirectory([{ name: 'a.md', content: '# A' }]);
    const batches = new BatchClient({ client });
    const run = await batches.start({
      directoryId: id,
      job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
      poll: { initialInterval: '1 hour' },
    });
    await until('the job', () => emulator.jobs.list().find(({ status }) => status === 'COMPLETED'));
    // By `batch.running`.
    await until('the first delivery', () => command.stderr.includes('First delivery that is woken'));
    const [batch] = emulator.batches.list();
    emulator.batches.finish(batch?.id ?? '');
    expect((await run.result()).files).toMatchObject({ completed: 1 });

    const { code, stderr } = await command.stop('SIGTERM');
    expect(code).toBe(0);
    expect(stderr).toContain(run.workflowId);
    expect(stderr).toMatch(/^Deliveries so far: \d+ woken/m);
    const { stdout: workerOut, stderr: workerErr } = await worker.stop('SIGTERM');
    expect(stderr + workerOut + workerErr).not.toContain(SECRET);
  });

  it('gives up on a body that comes too slowly, and says so', async () => {
    const { command, url } = await receive({ ...AWAY, LLAMACLOUD_WEBHOOK_SECRET: SECRET });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    onTestFinished(() => {
      socket.destroy();
    });
    await once(socket, 'connect');
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nLC-Signature: ${signBody('')}\r\n\r\nhalf`);
    await once(socket, 'end');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    const { code, stderr } = await command.stop('SIGINT');
    expect(code).toBe(0);
    expect(stderr).toContain('Deliveries so far: 1 slow\n');
  });

  it('outlives what is no HTTP, no request, and a connection that is reset', async () => {
    const { url, post } = await receive({ ...AWAY, LLAMACLOUD_WEBHOOK_SECRET: SECRET });
    const send = async (text: string, isReset = false) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => undefined).resume();
      await once(socket, 'connect');
      await new Promise((resolve) => socket.write(text, resolve));
      if (isReset) socket.resetAndDestroy();
      else socket.end();
      await once(socket, 'close');
    };
    await send('no HTTP at all\r\n\r\n');
    await send('TRACE / HTTP/1.1\r\nHost: x\r\n\r\n');
    const start = `POST //[ HTTP/1.1\r\nHost: [[\r\nContent-Length: 10\r\nLC-Signature: ${signBody('')}\r\n\r\n`;
    await send(`${start}half`, true);
    await send(`${start}x`);
    expect(await post({ signature: null })).toBe(401);
  });

  it.each([
    [{}, 'LLAMACLOUD_WEBHOOK_SECRET has no secret'],
    [{ LLAMACLOUD_WEBHOOK_SECRET: 'planted' }, 'LLAMACLOUD_WEBHOOK_SECRET has a secret of less than 8 characters'],
    [{ LLAMA_CLOUD_WEBHOOK_SECRET: SECRET }, 'LLAMA_CLOUD_WEBHOOK_SECRET is not read'],
  ])('does not start with %j', async (env, problem) => {
    const { code, stdout, stderr } = await cli(['webhooks'], env);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr).not.toContain('planted');
  });

  it('says that its port is taken, or that its address is not of this machine', async () => {
    const { url } = await receive({ ...AWAY, LLAMACLOUD_WEBHOOK_SECRET: SECRET });
    const env = { LLAMACLOUD_WEBHOOK_SECRET: SECRET };
    const taken = await cli(['webhooks', '--port', new URL(url).port], env);
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: Port \d+ is in use\nhint: /) });
    const foreign = await cli(['webhooks', '--host', '192.0.2.1'], env);
    expect(foreign).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: .* the address of --host\n/) });
  });
});
