import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import LlamaCloud, {
  APIConnectionError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  UnprocessableEntityError,
} from '@llamaindex/llama-cloud';
import { describe, expect, it } from 'vitest';
import { ADVERSE_CONDITIONS, type EmulatorOptions, type LlamaCloudEmulator } from '../../src/testing/emulator/index.js';
import { eventually, startEmulator } from '../testing/emulator/helpers.js';

const EXAMPLES = fileURLToPath(new URL('../../examples/documents', import.meta.url));
const CONFIG = { job: { type: 'parse_v2', configuration_id: 'cfg-PARSE_AGENTIC' } } as const;

function connect(emulator: LlamaCloudEmulator, apiKey = emulator.apiKey): LlamaCloud {
  return new LlamaCloud({ apiKey, baseURL: emulator.url, maxRetries: 0 });
}

async function startWithExamples(options: EmulatorOptions = {}) {
  const emulator = await startEmulator(options);
  const directory = await emulator.addDirectory(EXAMPLES);
  return {
    emulator,
    directory,
    client: connect(emulator),
    request: { source_directory_id: directory.id, config: CONFIG },
  };
}

describe("the vendor's own SDK", () => {
  it('creates a batch, waits for it and reads its results', async () => {
    const { client, request, directory } = await startWithExamples({ batchPendingMs: 1_000, batchRunningMs: 50 });
    const { id, status } = await client.batches.create(request);
    expect(status).toBe('PENDING');
    await eventually(async () => (await client.batches.get(id)).status).toBe('COMPLETED');
    expect((await client.batches.get(id)).results).toBeNull();
    const { results } = await client.batches.get(id, { expand: ['results'] });
    expect(results?.map((row) => row.source_directory_file_id)).toEqual(directory.files.map(({ id }) => id));
  });

  it('finds its batch and all rows under adverse conditions too', async () => {
    const { client, request, directory } = await startWithExamples(ADVERSE_CONDITIONS);
    const { id } = await client.batches.create(request);
    const listIds = async () => {
      const batches: string[] = [];
      const query = { source_directory_id: directory.id, page_size: 2 };
      for await (const batch of client.batches.list(query)) batches.push(batch.id);
      return batches;
    };
    await eventually(listIds).toContain(id);
    expect(await listIds()).toHaveLength(6);
    const { results } = await client.batches.get(id, { expand: ['results'] });
    const rows = results?.map((row) => row.source_directory_file_id);
    expect(rows?.toSorted()).toEqual(directory.files.map((file) => file.id).toSorted());
  });

  it('waits for parse jobs and reads their documents', async () => {
    const { client, request, directory } = await startWithExamples({ jobRunningMs: 50 });
    const { id } = await client.batches.create(request);
    const { results } = await client.batches.get(id, { expand: ['results'] });
    const jobOf = (name: string) => {
      const fileId = directory.files.find((file) => file.name === name)?.id;
      return results?.find((row) => row.source_directory_file_id === fileId)?.job_reference?.id ?? '';
    };
    const polling = { pollingInterval: 0.02, timeout: 50 };
    const report = await client.parsing.waitForCompletion(
      jobOf('annual-report-2025.pdf'),
      { expand: ['markdown', 'text', 'items', 'usage', 'markdown_content_metadata'] },
      polling,
    );
    expect(report.markdown?.pages).toHaveLength(6);
    expect(report.text?.pages[0]?.text).toContain('Annual report 2025');
    expect(report.items?.pages).toHaveLength(6);
    expect(report.job.usage?.credits).toBe(18);
    expect(report.result_content_metadata?.markdown?.exists).toBe(true);
    const damaged = client.parsing.waitForCompletion(jobOf('damaged-scan.pdf'), {}, polling);
    await expect(damaged).rejects.toThrow("the PDF can't be read");
  });

  it('lists batches and jobs page after page', async () => {
    const { client, request } = await startWithExamples();
    const created: string[] = [];
    for (let index = 0; index < 3; index += 1) created.push((await client.batches.create(request)).id);
    const batches: string[] = [];
    for await (const batch of client.batches.list({ page_size: 1 })) batches.push(batch.id);
    expect(batches).toEqual(created.toReversed());
    const jobs: string[] = [];
    for await (const job of client.parsing.list({ page_size: 7 })) jobs.push(job.id);
    expect(new Set(jobs).size).toBe(30);
    const named = await client.parsing.list({ job_ids: jobs.slice(0, 2) });
    expect(named.items.map(({ id }) => id)).toEqual(jobs.slice(0, 2));
  });

  it('cancels batches and jobs', async () => {
    const { client, request } = await startWithExamples({
      batchRunningMs: 60_000,
      batchCancelMs: 1_000,
      jobRunningMs: 60_000,
    });
    const { id } = await client.batches.create(request);
    const [job] = (await client.parsing.list()).items;
    expect((await client.parsing.cancel(job?.id ?? '')).status).toBe('CANCELLED');
    expect((await client.batches.cancel(id)).status).toBe('RUNNING');
    await eventually(async () => (await client.batches.get(id)).status).toBe('CANCELLED');
    await expect(client.batches.cancel(id)).rejects.toBeInstanceOf(ConflictError);
  });

  it('reads extract jobs', async () => {
    const { client, request } = await startWithExamples();
    const job = { type: 'extract_v2', configuration_id: 'cfg-EXTRACT_AGENTIC' } as const;
    await client.batches.create({ ...request, config: { job } });
    const [newest] = (await client.extract.list({ page_size: 1 })).items;
    await eventually(async () => (await client.extract.get(newest?.id ?? '')).status).toBe('COMPLETED');
    const done = await client.extract.get(newest?.id ?? '', { expand: ['usage', 'extract_metadata'] });
    expect(done.extract_result).toMatchObject({ title: expect.any(String), pages: 1 });
    expect(done.usage?.credits).toBe(3);
  });

  it('reads directories', async () => {
    const { client, directory } = await startWithExamples();
    expect((await client.beta.directories.get(directory.id)).name).toBe('documents');
    const names: string[] = [];
    for await (const file of client.beta.directories.files.list(directory.id, { page_size: 4 })) {
      names.push(file.display_name);
    }
    expect(names).toEqual(directory.files.map(({ name }) => name));
    expect(names).toContain('shipping/delivery-note-88.md');
  });

  it('creates a directory, uploads files to it, runs a batch over them and deletes it', async () => {
    const { client } = await startWithExamples();
    const { id, expires_at } = await client.beta.directories.create({ name: 'mine', type: 'ephemeral' });
    expect(Date.parse(expires_at ?? '')).toBeGreaterThan(Date.now());
    const upload = (unique_id: string, content: string) =>
      client.beta.directories.files.upload(id, { upload_file: new File([content], 'a.md'), unique_id });
    const { id: fileId } = await upload('sub/a.md', '# Uploaded');
    await client.beta.directories.files.upload(id, {
      upload_file: createReadStream(join(EXAMPLES, 'annual-report-2025.pdf')),
      metadata: '{"size":1}',
    });
    const [named] = (await client.beta.directories.files.list(id, { unique_id: 'sub/a.md' })).items;
    expect(named).toMatchObject({ id: fileId, display_name: 'a.md', unique_id: 'sub/a.md' });
    const [derived] = (await client.beta.directories.files.list(id, { display_name_contains: 'annual' })).items;
    expect(derived).toMatchObject({ unique_id: 'annual-report-2025.pdf', metadata: { size: 1 } });
    const { id: batchId } = await client.batches.create({ source_directory_id: id, config: CONFIG });
    const { results } = await client.batches.get(batchId, { expand: ['results'] });
    const jobs = results?.map(({ job_reference }) => job_reference?.id ?? '') ?? [];
    const texts: string[] = [];
    for (const job of jobs) {
      const result = await client.parsing.waitForCompletion(job, { expand: ['markdown'] }, { pollingInterval: 0.02 });
      texts.push(JSON.stringify(result.markdown));
    }
    expect(texts).toEqual([expect.stringContaining('# Uploaded'), expect.stringContaining('Annual report 2025')]);
    expect((await client.beta.directories.list({ name: 'mine' })).items.map((item) => item.id)).toEqual([id]);
    await client.beta.directories.delete(id);
    await expect(client.beta.directories.get(id)).rejects.toBeInstanceOf(NotFoundError);
  });

  it('creates jobs without a batch', async () => {
    const { client, directory } = await startWithExamples();
    const polling = { pollingInterval: 0.02, timeout: 50 };
    const name = 'annual-report-2025.pdf';
    const [file] = (await client.beta.directories.files.list(directory.id, { display_name: name })).items;
    const { id, user_metadata } = await client.parsing.create({
      file_id: file?.file_id ?? '',
      tier: 'configured',
      version: 'configured',
      configuration_id: 'cfg-PARSE_AGENTIC',
      user_metadata: { run: 'r1' },
    });
    expect(user_metadata).toEqual({ run: 'r1' });
    const parsed = await client.parsing.waitForCompletion(id, { expand: ['usage'] }, polling);
    expect(parsed.job).toMatchObject({ name, tier: 'agentic', usage: { credits: 18 } });
    const configuration_id = 'cfg-EXTRACT_AGENTIC';
    const extract = await client.extract.create({ file_input: id, configuration_id });
    await eventually(async () => (await client.extract.get(extract.id)).status).toBe('COMPLETED');
    const found = await client.extract.list({ file_input: id, configuration_id });
    expect(found.items.map((job) => job.id)).toEqual([extract.id]);
  });

  it('saves a configuration again, under the same id', async () => {
    const { client } = await startWithExamples();
    const save = (tier: 'fast' | 'agentic') =>
      client.configurations.create({ name: 'mine', parameters: { product_type: 'parse_v2', tier, version: 'latest' } });
    const [first, second] = [await save('fast'), await save('agentic')];
    expect(second.id).toBe(first.id);
    expect(second.version).not.toBe(first.version);
    expect(await client.configurations.retrieve(first.id)).toEqual(second);
    const latest = await client.configurations.list({ name: 'mine', latest_only: true });
    expect(latest.items).toEqual([second]);
  });

  it('raises the error class of each status', async () => {
    const { emulator, client, request } = await startWithExamples({ maxFilesPerBatch: 2 });
    await expect(connect(emulator, 'llx-wrong').batches.list()).rejects.toBeInstanceOf(AuthenticationError);
    await expect(client.batches.get('bat-none')).rejects.toBeInstanceOf(NotFoundError);
    await expect(client.batches.create(request)).rejects.toBeInstanceOf(BadRequestError);
    await expect(client.batches.list({ page_size: -1 })).rejects.toBeInstanceOf(UnprocessableEntityError);
    emulator.faults.next({ kind: 'status', status: 429 });
    await expect(client.batches.list()).rejects.toBeInstanceOf(RateLimitError);
    emulator.faults.next({ kind: 'status', status: 503 });
    await expect(client.batches.list()).rejects.toBeInstanceOf(InternalServerError);
    emulator.faults.next({ kind: 'reset-before' });
    await expect(client.batches.list()).rejects.toBeInstanceOf(APIConnectionError);
  });
});
