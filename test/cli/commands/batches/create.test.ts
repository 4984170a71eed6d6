import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, TARGETS } from '../../../../src/testing/emulator/index.js';
import { until } from '../../../support/until.js';
import { CliProcess, readJson } from '../../cli-process.js';
import { type BatchesEnvironment, CONFIG, CREATE, startBatchesEnvironment } from './batches-environment.js';

let environment: BatchesEnvironment;

beforeAll(async () => {
  environment = await startBatchesEnvironment();
});

afterAll(() => environment?.emulator.close());

describe('batches create', () => {
  it('creates a batch with one request, and prints it as LlamaCloud gives it', async () => {
    const scope = ['--project-id', 'prj-1', '--organization-id', 'org-1'];
    const { result, requests } = await environment.runRecorded(...CREATE, ...scope);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(readJson(result)).toMatchObject({
      id: expect.stringMatching(/^bat-/),
      status: 'PENDING',
      project_id: 'prj-1',
      source_directory_id: 'dir-1',
      config: { job: { type: 'parse_v2', configuration_id: 'cfg-PARSE_AGENTIC' } },
      results: null,
    });
    expect(requests).toMatchObject([
      {
        method: 'POST',
        path: '/api/v2/batches',
        query: { project_id: ['prj-1'], organization_id: ['org-1'] },
        body: {
          source_directory_id: 'dir-1',
          config: { job: { type: 'parse_v2', configuration_id: 'cfg-PARSE_AGENTIC' } },
        },
      },
    ]);
  });

  it('says in a terminal how to collect the documents of the batch', async () => {
    const { code, stdout } = await environment.runInTerminal(...CREATE);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Batch {6}bat-\S+\nStatus {5}PENDING\nDirectory {2}dir-1\nJob {8}parse_v2, cfg-PARSE_AGENTIC\n/,
    );
    expect(stdout).toMatch(/\nTo collect its documents: temporal-llamacloud start --batch bat-\S+\n$/);
  });

  const LOST: Fault[] = [
    { kind: 'reset-after' },
    { kind: 'error-after' },
    { kind: 'truncated' },
    { kind: 'empty' },
    { kind: 'html' },
    { kind: 'status', status: 408 },
  ];

  it.each(LOST)('whose response is lost is sent once, and says how to look for the batch: %j', async (fault) => {
    environment.emulator.faults.next({ ...fault, ...TARGETS.createBatch });
    const { result, requests } = await environment.runRecorded(...CREATE, '--project-id', 'prj 2', '--json');
    expect(requests).toHaveLength(1);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('A batch over directory dir-1 may have been created, and you pay for it');
    expect(result.stderr).toContain(
      "Look for it before you create again: temporal-llamacloud batches list --source-directory-id dir-1 --project-id 'prj 2'. ",
    );
    expect(readJson(result)).toMatchObject({ ok: false, error: { type: 'CreateOutcomeUnknown' } });
  });

  it('that a person interrupts says how to look for the batch', async () => {
    const { emulator, env } = environment;
    emulator.faults.next({ kind: 'delay', delayMs: 3_600_000, ...TARGETS.createBatch });
    const before = emulator.requests.length;
    const command = new CliProcess(['batches', ...CREATE], { env });
    await until('the POST', () => emulator.requests.length > before);
    const { code, stdout, stderr } = await command.stop('SIGINT');
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain('A batch over directory dir-1 may have been created');
    expect(stderr).toContain('temporal-llamacloud batches list --source-directory-id dir-1');
  });

  it('that LlamaCloud rejects says why, and does not say that there may be a batch', async () => {
    const args = ['create', '--source-directory-id', 'dir-nope', '--config', CONFIG];
    const { result, requests } = await environment.runRecorded(...args);
    expect(requests).toHaveLength(1);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/^error: LlamaCloud returned 404: .*dir-nope.*\nhint: /);
    expect(result.stderr).not.toContain('may have been created');
  });
});
