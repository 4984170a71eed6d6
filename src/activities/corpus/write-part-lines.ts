import { z } from 'zod';
import {
  COUNTER_BY_STATUS,
  type CorpusFailure,
  type CorpusLine,
  type CorpusRun,
  cleanText,
  type FailureSummary,
  type FailureType,
  type FileCounts,
  type FileStatus,
  MAX_REPORTED_FAILURES_PER_BATCH,
} from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { readLines, toJsonLine } from '../manifest/json-lines.js';
import { toPlainFileId } from '../results/file-id.js';
import { corpusRunKey, manifestKey } from '../support/output-keys.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { toLineWithoutDocument } from './decide.js';
import { type PlannedFile, readPlannedFiles, toUniqueName } from './planned-files.js';
import { readUploads, type Upload } from './uploads.js';

export interface WritePartLinesInput {
  run: CorpusRun;
  segments: string[];
  /** Number of the part. */
  part: number;
  /** Name of the list of the uploads; `null` if nothing was uploaded. */
  uploads: string | null;
  directoryId: string | null;
  batchId: string | null;
  /** The outcome of files that are not in the manifest of the batch, and why. */
  unprocessed: { status: Exclude<FileStatus, 'COMPLETED'>; error: FailureSummary };
}

/** What a part has come to. */
export interface PartOutcome {
  /** Name of the list of its lines. */
  name: string;
  files: FileCounts;
  /** The first ones. */
  failures: CorpusFailure[];
  /** Bytes of the documents. */
  bytes: number;
  credits: number | null;
  /** Credits that were billed, and the upper estimate of what may be. 0 without `maxCredits`. */
  spent: number;
  /** Files that may be billed, of which LlamaCloud has not recorded the bill yet. */
  unbilled: number;
}

/** What a line of the manifest of a batch says of the outcome of a file. */
const batchLineSchema = z.object({
  fileId: z.string(),
  jobId: z.string().nullable(),
  status: z.enum(['COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED']),
  output: z.string().nullable(),
  bytes: z.number().nullable(),
  sha256: z.string().nullable(),
  credits: z.number().nullable(),
  error: z.object({ type: z.string(), message: z.string() }).nullable(),
});
type BatchLine = z.infer<typeof batchLineSchema>;

/** Writes the lines of a part: one for each file that was planned, with what became of its upload and of its job. */
export function writePartLines(deps: ActivityDeps) {
  return (input: WritePartLinesInput): Promise<PartOutcome> => {
    const { run, part, segments } = input;
    return runAttempt('store', `lines of part ${part}`, async ({ signal, nowMs }) => {
      const { outputs } = deps;
      await assertSameStore(outputs, run.storeId);
      const files = await readPlannedFiles(outputs, run, segments);
      const uploads = input.uploads === null ? new Map() : await readUploads(outputs, run, input.uploads);
      const batchLines = await readBatchLines(deps, input.batchId);
      const processedAt = new Date(nowMs).toISOString();
      const lines = files.map((file) => {
        const upload = uploads.get(file.path);
        return upload === undefined
          ? toLineWithoutDocument(run, file, input.unprocessed.status, input.unprocessed.error)
          : toLine(input, upload, batchLines, processedAt);
      });
      const name = toUniqueName('part', part);
      await outputs.write(corpusRunKey(run, name), lines.map(toJsonLine).join(''), { signal });
      return { name, ...summarize(lines), ...sumSpent(files, lines) };
    });
  };
}

async function readBatchLines({ outputs }: ActivityDeps, batchId: string | null): Promise<Map<string, BatchLine>> {
  const lines = new Map<string, BatchLine>();
  if (batchId === null) return lines;
  for await (const json of readLines(outputs, manifestKey([batchId]))) {
    const line = batchLineSchema.safeParse(json).data;
    if (line !== undefined) lines.set(line.fileId, line);
  }
  return lines;
}

function toLine(
  { run, directoryId, batchId, unprocessed }: WritePartLinesInput,
  upload: Upload,
  batchLines: ReadonlyMap<string, BatchLine>,
  processedAt: string,
): CorpusLine {
  const { fileId, error } = upload;
  if (fileId === null) {
    const problem = error ?? { type: 'FileUnreadable', message: 'it was not uploaded' };
    return toLineWithoutDocument(run, upload, 'FAILED', problem);
  }
  const ids = { directoryId, fileId, batchId };
  const line = batchLines.get(toPlainFileId(fileId));
  if (line === undefined)
    return { ...toLineWithoutDocument(run, upload, unprocessed.status, unprocessed.error), ...ids };
  return {
    ...toLineWithoutDocument(run, upload, line.status, { type: '', message: '' }),
    ...ids,
    jobId: line.jobId,
    output: line.output,
    outputBytes: line.bytes,
    outputSha256: line.sha256,
    credits: line.credits,
    error: line.error,
    processedAt,
  };
}

/** Failures of files for which LlamaCloud bills nothing, or for which it has made no job. */
const UNBILLED_FAILURES: ReadonlySet<string> = new Set<FailureType>(['JobFailed', 'FileNotMapped', 'FileRejected']);

/** Whether something may be billed for a file without a bill. */
function mayBeBilled({ batchId, status, error }: CorpusLine): boolean {
  return batchId !== null && !(status === 'FAILED' && UNBILLED_FAILURES.has(error?.type ?? ''));
}

/** What was billed, and of the files that may be billed the most that they may cost. */
function sumSpent(
  files: readonly PlannedFile[],
  lines: readonly CorpusLine[],
): Pick<PartOutcome, 'spent' | 'unbilled'> {
  let [spent, unbilled] = [0, 0];
  for (const [index, line] of lines.entries()) {
    if (line.credits !== null) spent += line.credits;
    else if (mayBeBilled(line)) {
      spent += files[index]?.credits ?? 0;
      unbilled += 1;
    }
  }
  return { spent, unbilled };
}

function summarize(lines: readonly CorpusLine[]): Omit<PartOutcome, 'name' | 'spent' | 'unbilled'> {
  const files: FileCounts = { total: lines.length, completed: 0, failed: 0, cancelled: 0, skipped: 0 };
  const failures: CorpusFailure[] = [];
  let bytes = 0;
  let credits: number | null = null;
  for (const { path, status, error, outputBytes, credits: billed } of lines) {
    if (status !== 'GONE') files[COUNTER_BY_STATUS[status]] += 1;
    bytes += outputBytes ?? 0;
    if (billed !== null) credits = (credits ?? 0) + billed;
    if (error === null || status === 'SKIPPED') continue;
    if (failures.length < MAX_REPORTED_FAILURES_PER_BATCH)
      failures.push({ path: cleanText(path), type: cleanText(error.type, 100), message: cleanText(error.message) });
  }
  return { files, failures, bytes, credits };
}
