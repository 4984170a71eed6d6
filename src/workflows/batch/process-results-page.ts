import { workflowInfo } from '@temporalio/workflow';
import { type ManifestLine, type ResolvedBatchInput, settledCount } from '../../protocol/index.js';
import { PAST_PAUSE, readResults, writeManifest } from '../shared/activities.js';
import { pollUnlessPaused } from '../shared/control.js';
import { recordSkippedFiles } from '../shared/metrics.js';
import { remainingMs } from './cancel-remote.js';
import { fanOut } from './fan-out.js';
import { setPhase, setStatus } from './publish.js';
import { redriveFailed } from './redrive-failed.js';
import { type BatchState, type OpenPage, type PageFile, skipUnreadFiles } from './state.js';

/** Time limits of the steps of a page. They are shorter while the run is stopping. */
interface PageLimits {
  /** How long to wait for rows that are missing, or have neither a job nor an error, in milliseconds. */
  graceMs: number;
  /** When to stop waiting for jobs, epoch milliseconds. Default: when the `jobTimeout` of the run is over. */
  jobDeadlineMs?: number;
  /** When to stop retrying to write the manifest, epoch milliseconds. Default: never. */
  manifestDeadlineMs?: number;
}

/** Steps 6 to 9 for one page of results. Returns whether another page remains. */
export async function processResultsPage(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
  { graceMs, jobDeadlineMs, manifestDeadlineMs }: PageLimits,
): Promise<boolean> {
  state.page ??= await readPage(state, input, batchId, graceMs);
  const { page } = state;
  state.jobsSinceMs ??= Date.now();
  do {
    setPhase(state, 'processing');
    await fanOut(state, input, batchId, page, jobDeadlineMs ?? state.jobsSinceMs + input.jobTimeoutMs);
  } while (await redriveFailed(state, input, page));
  const isLast = page.remaining === 0;
  await writePage(state, batchId, page, isLast, manifestDeadlineMs);
  return !isLast;
}

/** Step 6: reads the next page of results. */
async function readPage(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
  graceMs: number,
): Promise<OpenPage> {
  const { directoryId, pageSize, poll, scope, onlyMissing, collect, corpusPart } = input;
  setPhase(state, 'expanding');
  state.resultsSinceMs ??= Date.now();
  const pageToRead = {
    ...scope,
    ...toManifestRun(state, batchId),
    directoryId,
    parts: state.parts,
    skipStored: onlyMissing ? collect : null,
    pageSize,
    graceMs,
    sinceMs: state.resultsSinceMs,
    poll,
    ...(corpusPart === undefined ? {} : { corpusPart }),
  };
  const summary = `Read the results of ${batchId}`;
  const read = () => readResults.executeWithOptions({ summary }, [pageToRead]);
  const { rows, remaining, status, resultsMissing } = await pollUnlessPaused(state, read);
  setStatus(state, status);
  state.resultsMissing = resultsMissing;
  if (resultsMissing) recordSkippedFiles(skipUnreadFiles(state));
  else state.files.total = settledCount(state.files) + rows.length + remaining;
  return { files: rows.map((row) => ({ row, jobEnded: false, line: null })), remaining };
}

/** Step 9: writes the lines of a page as a part of the manifest, and after the last part the whole. */
export async function writePage(
  state: BatchState,
  batchId: string,
  page: OpenPage | null,
  isLast: boolean,
  deadlineMs?: number,
): Promise<void> {
  setPhase(state, 'reporting');
  const lines = (page?.files ?? []).map(toLine);
  const input = {
    ...toManifestRun(state, batchId),
    lines,
    part: state.parts,
    isLast,
    isPartial: state.resultsMissing || state.files.skipped > 0,
    documentCount: state.files.completed,
  };
  // With a deadline, the run is ending. What it has collected is listed also while a person has paused the account.
  const timeout = deadlineMs === undefined ? {} : { ...PAST_PAUSE, scheduleToCloseTimeout: remainingMs(deadlineMs) };
  const summary = `Write ${lines.length} manifest lines`;
  const location = await writeManifest.executeWithOptions({ ...timeout, summary }, [input]);
  if (isLast) state.manifest = location;
  state.parts += 1;
  state.page = null;
}

/** @throws an error that fails the workflow task: a file must not be missing from the manifest. */
function toLine({ row, line }: PageFile): ManifestLine {
  if (line === null) throw new Error(`file ${row.fileId} has no outcome`);
  return line;
}

function toManifestRun({ opened }: BatchState, batchId: string) {
  return { batchId, firstRunId: workflowInfo().firstExecutionRunId, storeId: opened?.storeId ?? '' };
}
