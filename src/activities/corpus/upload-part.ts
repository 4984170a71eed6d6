import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { HttpStatusError, isKnownNotCreated } from '../../llamacloud/index.js';
import { type CorpusRun, chunk, cleanText, LIST_LAG_MS } from '../../protocol/index.js';
import { type CorpusSource, SourceFileError } from '../../sources/index.js';
import type { ActivityDeps } from '../deps.js';
import { toJsonLine } from '../manifest/json-lines.js';
import { NotReady } from '../support/not-ready.js';
import { corpusRunKey } from '../support/output-keys.js';
import { type Attempt, runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { isRejected } from '../support/to-failure.js';
import { DirectoryUploads, toUniqueId } from './directory-uploads.js';
import { openSource } from './open-source.js';
import { type PlannedFile, readPlannedFiles, toUniqueName } from './planned-files.js';
import { FileProblem, withSnapshot } from './snapshot.js';
import type { Upload } from './uploads.js';

export interface UploadPartInput {
  run: CorpusRun;
  /** Names of the segments that the part consists of. */
  segments: string[];
  /** Number of the part. */
  part: number;
  directoryId: string;
  /** Whether the directory was there before: another execution may have sent uploads that its list does not show yet. */
  isExisting: boolean;
}

export interface UploadedPart {
  /** Name of the list of the uploads. */
  name: string;
  uploaded: number;
  failed: number;
}

/** LlamaCloud takes 50 uploads in 5 seconds. A file takes some 400 ms at least. */
const CONCURRENT_UPLOADS = 4;

/** How often the list of the files is read again while it may lack some, in milliseconds. */
const LIST_INTERVAL_MS = 2_000;

/** What one attempt passes on to the next. Times are epoch milliseconds. */
const progressSchema = z.object({
  /** Uploads are being sent: if it is the last that is known of an attempt, its worker was lost. */
  isSending: z.boolean(),
  /** When an upload was last sent: the list may lack it. */
  sentAtMs: z.number().nullable(),
  /** Whether an upload has ended without telling whether it took effect: it may also come late. */
  isUnknown: z.boolean(),
  /** Files that can't be uploaded, and why. They are not tried again. */
  rejected: z.array(z.tuple([z.string(), z.object({ type: z.string(), message: z.string() })])),
});
type Progress = z.infer<typeof progressSchema>;

/**
 * Uploads the files of a part, each once. What is in the directory is read from LlamaCloud, before and after, so that each attempt goes on
 * where the last one stopped. An upload whose response was lost is sent again only when the list would show it; if it shows a file twice after
 * all, one is deleted before there is a batch.
 *
 * `GET /api/v1/beta/directories/{id}/files`, `POST .../files/upload`, `POST .../files/bulk-delete`.
 */
export function uploadPart(deps: ActivityDeps) {
  return (input: UploadPartInput): Promise<UploadedPart> => {
    const { run, directoryId } = input;
    return runAttempt('read', `uploads to directory ${directoryId}`, async (attempt) => {
      await assertSameStore(deps.outputs, run.storeId);
      const files = await readPlannedFiles(deps.outputs, run, input.segments);
      const progress = toProgress(attempt, input);
      attempt.saveProgress(progress);
      const uploads = new DirectoryUploads(deps, run, directoryId, attempt.signal);
      await uploads.read();
      const rejected = new Map(progress.rejected);
      const isMissing = ({ path }: PlannedFile) => !rejected.has(path) && !uploads.has(path);
      const missing = files.filter(isMissing);
      if (missing.length > 0) {
        // What was sent may not be listed yet.
        assertListed(deps, attempt, progress, `directory ${directoryId} does not list ${missing.length} files yet`);
        await send(deps, input, missing, attempt, progress);
        await uploads.read();
        const sent = new Map(progress.rejected);
        const late = missing.filter(({ path }) => !sent.has(path) && !uploads.has(path)).length;
        if (late > 0)
          throw new NotReady('UploadNotReady', `directory ${directoryId} lacks ${late} files`, LIST_INTERVAL_MS);
      }
      // What was sent with an unknown outcome may come late, and be there twice.
      if (progress.isUnknown)
        assertListed(deps, attempt, progress, `an upload to directory ${directoryId} may still take effect`);
      await uploads.deleteRepeated();
      return writeUploads(deps, input, files, uploads, new Map(progress.rejected), attempt.signal);
    });
  };
}

function toProgress({ isFirst, nowMs, progress }: Attempt, { isExisting }: UploadPartInput): Progress {
  const saved = progressSchema.safeParse(progress).data;
  const wasSending = saved === undefined ? !isFirst || isExisting : saved.isSending;
  return {
    isSending: false,
    sentAtMs: wasSending ? nowMs : (saved?.sentAtMs ?? null),
    isUnknown: wasSending || saved?.isUnknown === true,
    rejected: saved?.rejected ?? [],
  };
}

/** @throws NotReady while the list may lack a file that was sent. */
function assertListed(
  { listLagMs = LIST_LAG_MS }: ActivityDeps,
  { nowMs }: Attempt,
  { sentAtMs }: Progress,
  state: string,
): void {
  if (sentAtMs === null) return;
  const leftMs = sentAtMs + listLagMs - nowMs;
  if (leftMs > 0) throw new NotReady('UploadNotReady', state, Math.min(LIST_INTERVAL_MS, leftMs));
}

/** Sends the files that are missing. After a failure that concerns all of them, no more are sent. @throws that failure. */
async function send(
  deps: ActivityDeps,
  input: UploadPartInput,
  missing: readonly PlannedFile[],
  attempt: Attempt,
  progress: Progress,
): Promise<void> {
  const source = await openSource(deps, input.run.source);
  const { requestsPerSecond = Number.POSITIVE_INFINITY } = deps;
  let failure: { error: unknown } | undefined;
  progress.isSending = true;
  attempt.saveProgress(progress);
  // By the clock of the Temporal server, as all times of attempts.
  const sinceMs = performance.now();
  const queue = [...missing];
  const sendNext = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined && failure === undefined; file = queue.shift()) {
      attempt.signal.throwIfAborted();
      const startedMs = performance.now();
      try {
        await sendFile(deps, input, source, file, attempt.signal);
        progress.sentAtMs = attempt.nowMs + Math.round(performance.now() - sinceMs);
      } catch (error) {
        const rejection = toRejection(error);
        if (rejection === undefined) {
          failure ??= { error };
          if (!isKnownNotCreated(error)) {
            progress.isUnknown = true;
            progress.sentAtMs = attempt.nowMs + Math.round(performance.now() - sinceMs);
          }
        } else progress.rejected.push([file.path, rejection]);
      }
      const restMs = (1_000 * workers) / requestsPerSecond - (performance.now() - startedMs);
      if (restMs > 0) await sleep(restMs, undefined, { signal: attempt.signal });
    }
  };
  const workers = Math.max(1, Math.min(CONCURRENT_UPLOADS, Math.floor(requestsPerSecond)));
  const outcomes = await Promise.allSettled(Array.from({ length: workers }, sendNext));
  attempt.signal.throwIfAborted();
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  progress.isSending = false;
  attempt.saveProgress(progress);
  if (failure !== undefined) throw failure.error;
}

async function sendFile(
  { llamacloud }: ActivityDeps,
  { run, directoryId }: UploadPartInput,
  source: CorpusSource,
  { path }: PlannedFile,
  signal: AbortSignal,
): Promise<void> {
  await withSnapshot(source, path, run.job.type, signal, async ({ content, size, sha256, changeToken }) => {
    const displayName = cleanText(path, MAX_DISPLAY_NAME_BYTES);
    await llamacloud.uploadDirectoryFile(directoryId, {
      ...run.scope,
      uniqueId: toUniqueId(path),
      displayName,
      // Its extension says of what type the file is.
      fileName: toFileName(path),
      metadata: { sha256, size, change_token: changeToken },
      content,
      signal,
    });
  });
}

const MAX_DISPLAY_NAME_BYTES = 200;
const MAX_FILE_NAME_CHARACTERS = 100;

/** The end of the name. */
function toFileName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toWellFormed();
  return name
    .replace(/[\p{Cc}"\\/]/gu, '_')
    .slice(-MAX_FILE_NAME_CHARACTERS)
    .replace(/^[\uDC00-\uDFFF]/, '');
}

/** Why one file can't be uploaded; `undefined` if the failure concerns all. */
function toRejection(error: unknown): { type: string; message: string } | undefined {
  if (error instanceof FileProblem) return { type: 'FileRejected', message: cleanText(error.message) };
  if (error instanceof SourceFileError) return { type: 'FileUnreadable', message: cleanText(error.message) };
  // The directory is gone, or there is such a file: the list shows it.
  if (error instanceof HttpStatusError && [404, 409].includes(error.status)) return undefined;
  if (!isRejected(error, 'create') || !(error instanceof Error)) return undefined;
  return { type: 'FileRejected', message: cleanText(`LlamaCloud does not take it: ${error.message}`) };
}

async function writeUploads(
  { outputs }: ActivityDeps,
  { run, part }: UploadPartInput,
  files: readonly PlannedFile[],
  uploads: DirectoryUploads,
  rejected: ReadonlyMap<string, { type: string; message: string }>,
  signal: AbortSignal,
): Promise<UploadedPart> {
  const name = toUniqueName('uploads', part);
  const lines = files.map((file): Upload => {
    const error = rejected.get(file.path);
    const sent = uploads.find(file.path);
    if (error !== undefined || sent === undefined)
      return {
        ...file,
        sha256: null,
        fileId: null,
        error: error ?? { type: 'FileUnreadable', message: 'it was not uploaded' },
      };
    return {
      path: file.path,
      size: sent.size ?? file.size,
      changeToken: sent.changeToken ?? file.changeToken,
      sha256: sent.sha256,
      fileId: sent.fileId,
      error: null,
    };
  });
  const content = chunk(lines, 200).map((portion) => portion.map(toJsonLine).join(''));
  await outputs.write(corpusRunKey(run, name), content.join(''), { signal });
  const uploaded = lines.filter(({ fileId }) => fileId !== null).length;
  return { name, uploaded, failed: lines.length - uploaded };
}
