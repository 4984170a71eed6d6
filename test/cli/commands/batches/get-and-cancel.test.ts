import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../support/until.js';
import { readJson } from '../../cli-process.js';
import { type BatchesEnvironment, type PrintedBatch, startBatchesEnvironment } from './batches-environment.js';

let environment: BatchesEnvironment;

beforeAll(async () => {
  environment = await startBatchesEnvironment();
});

afterAll(() => environment?.emulator.close());

describe('batches get', () => {
  it('takes the id with --batch-id or alone, and expands the results', async () => {
    const { emulator } = environment;
    const { id } = await environment.createBatch();
    const byOption = await environment.runRecorded('get', '--batch-id', id);
    expect(byOption.requests).toMatchObject([{ method: 'GET', path: `/api/v2/batches/${id}`, query: {} }]);
    expect(byOption.requests[0]?.query).toEqual({});
    expect(readJson(byOption.result)).toMatchObject({ id, status: 'PENDING', results: null });
    const early = await environment.runInTerminal('get', id, '--expand', 'results');
    expect(early.stdout).toMatch(/\n\nNo results yet\n$/);

    emulator.batches.finish(id);
    const [file] = emulator.batches.list().find((batch) => batch.id === id)?.files ?? [];
    const expanded = await environment.runRecorded('get', id, '--expand', 'results');
    expect(expanded.requests[0]?.query).toEqual({ expand: ['results'] });
    expect(readJson(expanded.result)).toMatchObject({
      status: 'COMPLETED',
      results: [{ source_directory_file_id: file?.fileId, job_reference: { type: 'parse_v2', id: file?.jobId } }],
    });
    const { stdout } = await environment.runInTerminal('get', id, '--expand', 'results');
    expect(stdout).toMatch(/\n\nFILE +TYPE +JOB +ERROR\n/);
    expect(stdout).toMatch(new RegExp(`\\n${file?.fileId} +parse_v2 +${file?.jobId} +-\\n$`));
  });
});

describe('batches cancel', () => {
  it('requests the cancellation, and says that a batch that has ended can not be cancelled', async () => {
    const { id } = await environment.createBatch();
    const args = ['cancel', '--batch-id', id, '--project-id', 'prj-1'];
    const { result, requests } = await environment.runRecorded(...args);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(readJson(result)).toMatchObject({ id });
    const path = `/api/v2/batches/${id}/cancel`;
    expect(requests).toMatchObject([{ method: 'POST', path, query: { project_id: ['prj-1'] } }]);
    await until('the batch to be cancelled', async () => {
      return readJson<PrintedBatch>(await environment.run('get', id)).status === 'CANCELLED';
    });
    const again = await environment.runInTerminal('cancel', id);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/^error: LlamaCloud returned 409: .*CANCELLED/);
  });
});
