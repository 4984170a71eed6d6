import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TARGETS } from '../../../../src/testing/emulator/index.js';
import { readJson } from '../../cli-process.js';
import { type BatchesEnvironment, type PrintedPage, startBatchesEnvironment } from './batches-environment.js';

let environment: BatchesEnvironment;

beforeAll(async () => {
  environment = await startBatchesEnvironment();
});

afterAll(() => environment?.emulator.close());

describe('batches list', () => {
  it('has every filter of the API', async () => {
    const filters = {
      source_directory_id: 'dir-2',
      status: 'RUNNING',
      created_at_on_or_after: '2026-01-02T03:04:05.678901+01:00',
      created_at_on_or_before: '2026-02-03T04:05Z',
      page_size: '7',
      project_id: 'prj-1',
      organization_id: 'org-1',
    };
    const flags = Object.entries(filters).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, value]);
    const { result, requests } = await environment.runRecorded('list', ...flags);
    expect(readJson(result)).toEqual({ items: [], next_page_token: null, total_size: null });
    const query = Object.fromEntries(Object.entries(filters).map(([name, value]) => [name, [value]]));
    expect(requests).toMatchObject([{ method: 'GET', path: '/api/v2/batches', query }]);
  });

  it('prints a page with the token of the next one, and follows all pages with --all', async () => {
    const newestFirst: string[] = [];
    for (let count = 0; count < 3; count++) newestFirst.unshift((await environment.createBatch('dir-2')).id);
    const flags = ['list', '--source-directory-id', 'dir-2', '--page-size', '1'];
    const readIds = async (...args: string[]) => toIds(readJson<PrintedPage>(await environment.run(...flags, ...args)));

    const first = readJson<PrintedPage>(await environment.run(...flags));
    expect(toIds(first)).toEqual(newestFirst.slice(0, 1));
    const token = first.next_page_token ?? '';
    expect(await readIds('--page-token', token)).toEqual(newestFirst.slice(1, 2));

    const { result, requests } = await environment.runRecorded(...flags, '--all');
    expect(requests).toHaveLength(3);
    expect(toIds(readJson<PrintedPage>(result))).toEqual(newestFirst);
    expect(readJson<PrintedPage>(result).next_page_token).toBeNull();
    expect(await readIds('--page-token', token, '--all')).toEqual(newestFirst.slice(1));
  });

  it('prints a table in a terminal, and JSON there with --json', async () => {
    const { id } = await environment.createBatch();
    const flags = ['list', '--source-directory-id', 'dir-1', '--page-size', '1'];
    expect((await environment.runInTerminal(...flags)).stdout).not.toContain('There are more');
    const { id: newest } = await environment.createBatch();
    const { code, stdout } = await environment.runInTerminal(...flags);
    expect(code).toBe(0);
    expect(stdout).not.toContain(id);
    const [heading, row, , more] = stdout.split('\n');
    expect(heading).toMatch(/^BATCH +STATUS +CREATED +DIRECTORY +JOB +CONFIGURATION$/);
    expect(row).toMatch(new RegExp(`^${newest} +PENDING +\\d{4}-\\S+ +dir-1 +parse_v2 +cfg-PARSE_AGENTIC$`));
    expect(more).toMatch(/^There are more batches: give --page-token \S+, or --all$/);
    const none = await environment.runInTerminal('list', '--source-directory-id', 'dir-none');
    expect(none.stdout).toBe('There are no batches\n');
    const json = await environment.runInTerminal(...flags, '--json');
    expect(toIds(readJson<PrintedPage>(json))).toEqual([newest]);
  });

  it('prints nothing if a page can not be read: half of a list would look like a whole one', async () => {
    for (let count = 0; count < 2; count++) await environment.createBatch();
    environment.emulator.faults.next({ kind: 'delay', delayMs: 0, ...TARGETS.listBatches });
    environment.emulator.faults.next({ kind: 'status', status: 503, detail: 'down', ...TARGETS.listBatches });
    const { result, requests } = await environment.runRecorded('list', '--page-size', '1', '--all');
    expect(requests).toHaveLength(2);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/^error: LlamaCloud returned 503: down/);
  });
});

function toIds({ items }: PrintedPage): string[] {
  return items.map(({ id }) => id);
}
