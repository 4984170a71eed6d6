/** The manifest of a corpus, which is what the next run compares with. */
import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { OutputStore } from '../../outputs/index.js';
import { COLLECT_FORMATS, type CorpusLine, JOB_TYPES } from '../../protocol/index.js';
import { comparePaths } from '../../sources/index.js';
import { readLines } from '../manifest/json-lines.js';
import { corpusFolder, manifestKey } from '../support/output-keys.js';

const amount = z.number().nonnegative();

/** Loose: a later version may add fields, which are kept. */
export const corpusLineSchema = z.looseObject({
  path: z.string().min(1),
  status: z.enum(['COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED', 'GONE']),
  size: amount.nullable(),
  changeToken: z.string().nullable(),
  sha256: z.string().nullable(),
  jobType: z.enum(JOB_TYPES),
  configurationId: z.string(),
  configurationVersion: z.string().nullable(),
  collect: z.enum(COLLECT_FORMATS),
  directoryId: z.string().nullable(),
  fileId: z.string().nullable(),
  batchId: z.string().nullable(),
  jobId: z.string().nullable(),
  output: z.string().nullable(),
  outputBytes: amount.nullable(),
  outputSha256: z.string().nullable(),
  credits: amount.nullable(),
  error: z.object({ type: z.string(), message: z.string() }).nullable(),
  processedAt: z.string().exactOptional(),
}) satisfies z.ZodType<CorpusLine>;

const pathSchema = z.looseObject({ path: z.string().min(1) });

/** The key of the manifest of a corpus. */
export function corpusManifestKey(output: string): string[] {
  return manifestKey(corpusFolder(output));
}

/** The SHA-256 of the manifest of a corpus; `none` without one. */
export async function readManifestSha256(outputs: OutputStore, output: string): Promise<string> {
  const content = await outputs.read(corpusManifestKey(output));
  if (content === undefined) return 'none';
  const digest = createHash('sha256');
  for await (const chunk of content) digest.update(chunk);
  return digest.digest('hex');
}

/**
 * Reads the lines of a corpus's manifest that come after a path.
 *
 * @throws a failure for good if a line is damaged: without it, its file would be processed, and billed, again.
 */
export async function* readCorpusLines(
  outputs: OutputStore,
  output: string,
  after: string | null,
): AsyncGenerator<CorpusLine> {
  const key = corpusManifestKey(output);
  let number = 0;
  let last: string | undefined;
  for await (const json of readLines(outputs, key)) {
    number += 1;
    const path = pathSchema.safeParse(json).data?.path;
    if (path === undefined || (last !== undefined && comparePaths(path, last) <= 0))
      throw toDamagedFailure(outputs.locate(key), number);
    last = path;
    if (after !== null && comparePaths(path, after) <= 0) continue;
    const line = corpusLineSchema.safeParse(json).data;
    if (line === undefined) throw toDamagedFailure(outputs.locate(key), number);
    yield line;
  }
}

function toDamagedFailure(location: string, line: number): ApplicationFailure {
  const message = `${location} is damaged in line ${line}, or not in the order of the paths. Restore it. Without it, every file is processed, and billed, again.`;
  return ApplicationFailure.nonRetryable(message, 'OutputFailed');
}
