// The baseline's activities, with the vendor's SDK. `collect` requests the job with its document, so that a job that has ended costs
// one request.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LlamaCloud } from '@llamaindex/llama-cloud';

export function createBaselineActivities({ apiKey, baseUrl, output }) {
  const client = new LlamaCloud({ apiKey, baseURL: baseUrl });
  return {
    createBatch: async ({ directoryId, configurationId }) => {
      const config = { job: { type: 'parse_v2', configuration_id: configurationId } };
      return (await client.batches.create({ source_directory_id: directoryId, config })).id;
    },
    batchStatus: async (batchId) => (await client.batches.get(batchId)).status,
    batchJobs: async (batchId) => toJobs(await client.batches.get(batchId, { expand: ['results'] })),
    collect: async ({ fileId, jobId, batchId }) => {
      const result = await client.parsing.get(jobId, { expand: ['markdown'] });
      if (result.job.status !== 'COMPLETED') return null;
      return { fileId, ...(await storeDocument({ output, batchId, fileId }, result)) };
    },
  };
}

/** The jobs of a batch whose results are expanded. */
export function toJobs({ id, results }) {
  return results.map((row) => ({ fileId: row.source_directory_file_id, jobId: row.job_reference.id, batchId: id }));
}

/** Writes the document of a completed job. */
export async function storeDocument({ output, batchId, fileId }, { markdown }) {
  const content = markdown.pages.map((page) => page.markdown).join('\n\n');
  await mkdir(join(output, batchId), { recursive: true });
  const path = join(output, batchId, `${fileId}.md`);
  await writeFile(path, content);
  return {
    output: path,
    bytes: Buffer.byteLength(content),
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}
