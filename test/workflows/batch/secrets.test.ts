import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodePayloads } from '../../support/decode-payloads.js';
import { failureOf } from '../../support/failure.js';
import { readLogged } from '../../support/logged.js';
import { openNamespace } from '../../support/namespace.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

const API_KEY = 'llx-planted-9f3a1c';

describe('secrets', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    // Everything comes by presigned URL, and each of them is a secret while it is good.
    env = await startTestEnvironment(await openNamespace(), { emulator: { apiKey: API_KEY, inlineLimitBytes: 0 } });
  });

  afterAll(() => env?.close());

  /** Histories, memos and details of every run on the server, and every file of the output. */
  async function everythingKept(): Promise<string> {
    const kept: string[] = readLogged();
    for await (const { workflowId, runId } of env.client.workflow.list()) {
      const handle = env.client.workflow.getHandle(workflowId, runId);
      const { raw } = await handle.describe();
      kept.push(JSON.stringify(decodePayloads(await handle.fetchHistory())), JSON.stringify(decodePayloads(raw)));
      kept.push(await env.details(workflowId).catch(() => ''));
    }
    for (const entry of await readdir(env.output, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) kept.push(await readFile(join(entry.parentPath, entry.name), 'utf8'));
    }
    return kept.join('\n');
  }

  test('no key and no presigned URL is in a history, a memo, the details, or a manifest, of runs that end well and badly', async () => {
    const good = await env.emulator.addDirectory([{ name: 'secret free.md', content: '# Öffentlich' }]);
    const run = await env.batches.start(parseInput(good.id));
    expect((await run.result()).files.completed).toBe(1);

    const denied = await env.emulator.addDirectory([]);
    env.emulator.faults.next({
      kind: 'status',
      status: 422,
      method: 'POST',
      path: '/api/v2/batches',
      detail: 'Invalid configuration',
    });
    await failureOf((await env.batches.start(parseInput(denied.id))).result());

    const broken = await env.emulator.addDirectory([{ name: 'late.md', content: 'x' }]);
    for (const kind of ['reset-before', 'html'] as const) env.emulator.faults.next({ kind, path: /\/parse\// });
    env.emulator.faults.next({ kind: 'reset-before', path: /^\/__emulator\/files/ });
    env.emulator.faults.next({ kind: 'status', status: 403, path: /^\/__emulator\/files/ });
    await (await env.batches.start(parseInput(broken.id))).result();

    const kept = await everythingKept();
    // The search reads what it should: a document, the input of an activity, a failure.
    expect(kept).toContain('# Öffentlich');
    expect(kept).toContain('graceMs');
    expect(kept).toContain('Invalid configuration');
    expect(kept).toContain("can't be downloaded");
    expect(readLogged().join()).toContain('Workflow started');
    expect(env.emulator.requests.some((request) => request.path.startsWith('/__emulator/files'))).toBe(true);
    expect(kept).not.toContain(API_KEY);
    expect(kept).not.toContain('__emulator/files');
    expect(kept).not.toMatch(/signature=/i);
  });
});
