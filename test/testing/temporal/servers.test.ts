import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { defineSearchAttributeKey } from '@temporalio/common';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  resolveTemporalCli,
  startLocalTemporal,
  startTimeSkippingTemporal,
} from '../../../src/testing/temporal/index.js';
import { SUPERVISOR } from '../../../src/testing/temporal/server-process.js';
import { makeExecutable, temporaryFolder } from './fixtures.js';

const BATCH_ID = defineSearchAttributeKey('LlamaCloudBatchId', 'KEYWORD');

/** Whether something listens at `host:port`. */
async function answers(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Starts one that ends with the test, whatever the test does. */
async function local(options: Parameters<typeof startLocalTemporal>[0] = {}) {
  const temporal = await startLocalTemporal(options);
  onTestFinished(() => temporal.close());
  return temporal;
}

describe('a local server', () => {
  it('serves its namespace, its search attributes and its Web UI on the loopback interface, and is gone once closed', async () => {
    const temporal = await local({ ui: true, namespace: 'documents', searchAttributes: [BATCH_ID] });
    expect(temporal.address).toMatch(/^127\.0\.0\.1:\d+$/);
    const { workflowService, operatorService } = temporal.client.connection;
    expect((await workflowService.getSystemInfo({})).serverVersion).toMatch(/^\d+\./);
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace: 'documents' });
    expect(customAttributes).toEqual({ LlamaCloudBatchId: 2 });
    expect((await fetch(temporal.uiUrl ?? '')).status).toBe(200);

    await temporal.close();
    expect(await answers(temporal.address)).toBe(false);
    expect(await answers(new URL(temporal.uiUrl ?? '').host)).toBe(false);
    await temporal.close();
  });

  it('stores everything in a file, and registers search attributes that the file lacks', async () => {
    const dbFilename = join(await temporaryFolder(), 'temporal.db');
    const first = await local({ dbFilename });
    expect(first.uiUrl).toBeUndefined();
    const { workflowId } = await first.client.workflow.start('any', { taskQueue: 'any', workflowId: 'kept' });
    await first.close();

    const second = await local({ dbFilename, searchAttributes: [BATCH_ID] });
    expect((await second.client.workflow.getHandle(workflowId).describe()).status.name).toBe('RUNNING');
    const { operatorService } = second.client.connection;
    expect((await operatorService.listSearchAttributes({ namespace: 'default' })).customAttributes).toEqual({
      LlamaCloudBatchId: 2,
    });
  });

  it('that can not start reports its output, and leaves nothing running', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void listener.close());
    await once(listener, 'listening');
    const taken = listener.address();
    if (taken === null || typeof taken === 'string') throw new Error('no port');
    await expect(local({ ui: { port: taken.port } })).rejects.toThrow(/did not start.*It wrote: .*\b\d+\b/s);
  });

  it('writes its log to the file that is given', async () => {
    const logFile = join(await temporaryFolder(), 'server.log');
    await (await local({ logFile, logLevel: 'info' })).close();
    expect(await readFile(logFile, 'utf8')).toContain('level=INFO');
  });

  it('whose Web UI does not respond has not started', async () => {
    const { path: real } = await resolveTemporalCli();
    // Whatever we ask for, this one has no UI.
    const path = await makeExecutable(
      join(await temporaryFolder(), 'temporal'),
      `#!/bin/sh\nexec '${real}' "$@" --headless\n`,
    );
    const starting = local({ env: { TEMPORAL_CLI_PATH: path }, ui: true, startTimeoutMs: 8_000 });
    await expect(starting).rejects.toMatchObject({ cause: { message: expect.stringContaining('does not respond') } });
  });

  it('that never responds is stopped after the start timeout', async () => {
    const pid = join(await temporaryFolder(), 'pid');
    const path = await makeExecutable(`${pid}.sh`, `#!/bin/sh\necho "my pid is $$"\nexec sleep 600\n`);
    const failure = await startLocalTemporal({ env: { TEMPORAL_CLI_PATH: path }, startTimeoutMs: 3_000 }).catch(String);
    const [, id] = /my pid is (\d+)/.exec(`${failure}`) ?? [];
    expect(Number(id)).toBeGreaterThan(0);
    expect(isRunning(Number(id))).toBe(false);
  });
});

it('a server ends with the process that started it, even when that one is killed', async () => {
  // What a server does until it is ended; its pid is all that it writes.
  const server = 'console.log(process.pid); setInterval(() => {}, 1e6)';
  const parent = `
    const { spawn } = require('node:child_process');
    const [, supervisor, server] = process.argv;
    spawn(process.execPath, ['-e', supervisor, 'SIGKILL', process.execPath, '-e', server], {
      stdio: ['pipe', 'inherit', 'inherit'],
      detached: true,
    });
  `;
  const started = spawn(process.execPath, ['-e', parent, SUPERVISOR, server], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await once(started.stdout, 'data');
  const pid = Number(`${output}`);
  onTestFinished(() => {
    if (isRunning(pid)) process.kill(pid);
  });
  started.kill('SIGKILL');
  // Its stdout closes when the last process that holds it, the server, is gone.
  await once(started, 'close');
  expect(isRunning(pid)).toBe(false);
});

it('a time-skipping server starts, skips time and is gone once closed', async () => {
  const temporal = await startTimeSkippingTemporal();
  onTestFinished(() => temporal.close());
  const before = await temporal.env.currentTimeMs();
  await temporal.env.sleep('1 day');
  expect((await temporal.env.currentTimeMs()) - before).toBeGreaterThanOrEqual(24 * 60 * 60 * 1000);
  await temporal.close();
  expect(await answers(temporal.address)).toBe(false);
});
