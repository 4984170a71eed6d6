import { setTimeout as sleep } from 'node:timers/promises';
import { HttpStatusError, isKnownNotCreated } from '../../llamacloud/index.js';
import { type CorpusRun, chunk, cleanText, LIST_LAG_MS } from '../../protocol/index.js';
import { type CorpusSource, SourceFileError } from '../../sources/index.js';
import { AccountPaused } from '../account/account-paused.js';
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
import { toAcknowledged, toSentUniqueIds, toUploadProgress, type UploadProgress } from './upload-progress.js';
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

/** A file that the list does not show, and of which no upload was answered, is not sent more often. Each may be billed. */
const MAX_UNKNOWN_SENDS = 3;

/**
 * Uploads the files of a part, each once. What is in the directory is read from LlamaCloud, before and after, so that each attempt goes on
 * where the last one stopped. An upload that was answered is never sent again. One whose response was lost is sent again only when the list
 * would show it, and at most 3 times; if the list shows a file twice after all, one is deleted before there is a batch.
 *
 * `GET /api/v1/beta/directories/{id}/files`, `POST .../files/upload`, `POST .../files/bulk-delete`.
 */
export function uploadPart(deps: ActivityDeps) {
  return (input: UploadPartInput): Promise<UploadedPart> => {
    return runAttempt('read', `uploads to directory ${input.directoryId}`, async (attempt) => {
      const progress = toUploadProgress(attempt, input.isExisting);
      attempt.saveProgress(progress);
      try {
        return await uploadMissing(deps, input, attempt, progress);
      } finally {
        // Also after a failure: nothing is being sent any more, and what was sent is in the progress.
        progress.hasEnded = true;
      }
    });
  };
}

async function uploadMissing(
  deps: ActivityDeps,
  input: UploadPartInput,
  attempt: Attempt,
  progress: UploadProgress,
): Promise<UploadedPart> {
  const { run, directoryId } = input;
  await assertSameStore(deps.outputs, run.storeId);
  const files = await readPlannedFiles(deps.outputs, run, input.segments);
  const uploads = new DirectoryUploads(deps, run, directoryId, attempt.signal);
  await uploads.read(toSentUniqueIds(progress, files));
  const findMissing = () =>
    [...files.entries()].filter(([index, { path }]) => progress.rejected[index] === undefined && !uploads.has(path));
  const missing = findMissing();
  if (missing.length > 0) {
    // What was sent may not be listed yet.
    assertListed(deps, attempt, progress, `directory ${directoryId} does not list ${missing.length} files yet`);
    // From here on the list is not waited for: what was answered is in the directory.
    const unsent = missing.filter(
      ([index]) => progress.acknowledged[index] === undefined && (progress.sends[index] ?? 0) < MAX_UNKNOWN_SENDS,
    );
    if (unsent.length > 0) {
      await send(deps, input, unsent, attempt, progress);
      await uploads.read(toSentUniqueIds(progress, files));
      const late = findMissing().length;
      if (late > 0)
        throw new NotReady('UploadNotReady', `directory ${directoryId} lacks ${late} files`, LIST_INTERVAL_MS);
    }
  }
  // What was sent with an unknown outcome may come late, and be there twice.
  if (progress.isUnknown)
    assertListed(deps, attempt, progress, `an upload to directory ${directoryId} may still take effect`);
  await uploads.deleteRepeated();
  return writeUploads(deps, input, files, uploads, progress, attempt.signal);
}

/** @throws NotReady while the list may lack a file that was sent. */
function assertListed(
  { listLagMs = LIST_LAG_MS }: ActivityDeps,
  { nowMs }: Attempt,
  { sentAtMs }: UploadProgress,
  state: string,
): void {
  if (sentAtMs === null) return;
  const leftMs = sentAtMs + listLagMs - nowMs;
  if (leftMs > 0) throw new NotReady('UploadNotReady', state, Math.min(LIST_INTERVAL_MS, leftMs));
}

/** A file, and its place in the plan. */
type NumberedFile = [index: number, file: PlannedFile];

/** Sends the files that are missing. After a failure that concerns all of them, no more are sent. @throws that failure. */
async function send(
  deps: ActivityDeps,
  input: UploadPartInput,
  missing: readonly NumberedFile[],
  attempt: Attempt,
  progress: UploadProgress,
): Promise<void> {
  const source = await openSource(deps, input.run.source);
  const { requestsPerSecond = Number.POSITIVE_INFINITY } = deps;
  let failure: { error: unknown } | undefined;
  // By the clock of the Temporal server, as all times of attempts.
  const sinceMs = performance.now();
  const record = (index: number, outcome: SendOutcome): void => {
    recordOutcome(progress, index, outcome, attempt.nowMs + Math.round(performance.now() - sinceMs));
  };
  const queue = [...missing];
  const sendNext = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && failure === undefined; next = queue.shift()) {
      attempt.signal.throwIfAborted();
      const startedMs = performance.now();
      try {
        await sendFile(deps, input, source, next, attempt.signal, record);
      } catch (error) {
        const rejection = toRejection(error);
        if (rejection === undefined) failure ??= { error };
        else progress.rejected[next[0]] = rejection;
      }
      const restMs = (1_000 * workers) / requestsPerSecond - (performance.now() - startedMs);
      if (restMs > 0) await sleep(restMs, undefined, { signal: attempt.signal });
    }
  };
  const workers = Math.max(1, Math.min(CONCURRENT_UPLOADS, Math.floor(requestsPerSecond)));
  const outcomes = await Promise.allSettled(Array.from({ length: workers }, sendNext));
  attempt.signal.throwIfAborted();
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  if (failure !== undefined) throw failure.error;
}

/** What is known of one request: that it begins, the file that LlamaCloud has answered with, or how it has failed. */
type SendOutcome = 'begins' | { acknowledged: UploadProgress['acknowledged'][string] } | { error: unknown };

function recordOutcome(progress: UploadProgress, index: number, outcome: SendOutcome, nowMs: number): void {
  const sends = progress.sends[index] ?? 0;
  if (outcome === 'begins') {
    // Before its outcome is known: it counts if the worker is lost meanwhile.
    progress.sends[index] = sends + 1;
  } else if ('acknowledged' in outcome) {
    progress.acknowledged[index] = outcome.acknowledged;
    delete progress.sends[index];
    progress.sentAtMs = nowMs;
  } else if (isTaken(outcome.error)) {
    // An earlier upload took effect. The list may lack it.
    progress.sentAtMs = nowMs;
  } else if (outcome.error instanceof AccountPaused || isKnownNotCreated(outcome.error)) {
    // Of a pause, nothing was sent, or the response was a 401 or 402.
    progress.sends[index] = sends - 1;
  } else {
    progress.isUnknown = true;
    progress.sentAtMs = nowMs;
  }
}

/** Whether LlamaCloud says that the directory has a file with such a `unique_id`. */
function isTaken(error: unknown): boolean {
  return error instanceof HttpStatusError && error.status === 409;
}

async function sendFile(
  { llamacloud }: ActivityDeps,
  { run, directoryId }: UploadPartInput,
  source: CorpusSource,
  [index, { path, changeToken: plannedToken }]: NumberedFile,
  signal: AbortSignal,
  record: (index: number, outcome: SendOutcome) => void,
): Promise<void> {
  await withSnapshot(source, path, run.job.type, signal, async ({ content, size, sha256, changeToken }) => {
    const displayName = cleanText(path, MAX_DISPLAY_NAME_BYTES);
    record(index, 'begins');
    try {
      const { id } = await llamacloud.uploadDirectoryFile(directoryId, {
        ...run.scope,
        uniqueId: toUniqueId(path),
        displayName,
        // Its extension says of what type the file is.
        fileName: toFileName(path),
        metadata: { sha256, size, change_token: changeToken },
        content,
        signal,
      });
      const changed = changeToken === plannedToken ? {} : { changeToken };
      record(index, { acknowledged: { fileId: id, size, sha256, ...changed } });
    } catch (error) {
      record(index, { error });
      throw error;
    }
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
  if (isTaken(error) || (error instanceof HttpStatusError && error.status === 404)) return undefined;
  if (!isRejected(error, 'create') || !(error instanceof Error)) return undefined;
  return { type: 'FileRejected', message: cleanText(`LlamaCloud does not take it: ${error.message}`) };
}

/** Another run may try again. */
const NOT_LISTED = {
  type: 'FileUnreadable',
  message: `it was not uploaded: LlamaCloud does not list it after ${MAX_UNKNOWN_SENDS} tries whose outcome is not known`,
};

async function writeUploads(
  { outputs }: ActivityDeps,
  { run, part }: UploadPartInput,
  files: readonly PlannedFile[],
  uploads: DirectoryUploads,
  progress: UploadProgress,
  signal: AbortSignal,
): Promise<UploadedPart> {
  const name = toUniqueName('uploads', part);
  const lines = files.map((file, index): Upload => {
    const error = progress.rejected[index];
    const acknowledged = toAcknowledged(progress, index, file);
    const listed = uploads.find(file.path);
    // Of files that are there twice, the list says which one stays. Of the same, what was sent is known for sure.
    const sent = listed === undefined || listed.fileId === acknowledged?.fileId ? acknowledged : listed;
    if (error !== undefined || sent === undefined)
      return { ...file, sha256: null, fileId: null, error: error ?? NOT_LISTED };
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
