import { workflowInfo } from '@temporalio/workflow';
import { type BatchRequest, type ManifestLine, settledCount } from '../../protocol/index.js';
import { readResults, writeManifest } from '../shared/activities.js';
import { fanOut } from './fan-out.js';
import { setPhase, setStatus } from './publish.js';
import type { BatchState, OpenPage } from './state.js';

/** How a page is processed: a run that is being stopped has less time. */
export interface PageOptions {
  /** How long rows that are missing or unmapped are waited for, in milliseconds. */
  graceMs: number;
  /** Until when jobs are waited for, epoch milliseconds. */
  jobDeadlineMs: number;
  /** Until when the manifest can be written, epoch milliseconds. Default: as long as it takes. */
  manifestDeadlineMs?: number;
}

/** Steps 6 to 9 for one page of results. Returns whether another page remains. */
export async function processPage(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  options: PageOptions,
): Promise<boolean> {
  state.page ??= await readPage(state, request, batchId, options.graceMs);
  const { page } = state;
  setPhase(state, 'processing');
  await fanOut(state, request, batchId, page, options.jobDeadlineMs);
  const isLast = page.remaining === 0;
  await writePage(
    state,
    batchId,
    page.lines.filter((line) => line !== null),
    { isLast, isWhole: true },
    options.manifestDeadlineMs,
  );
  return !isLast;
}

async function readPage(state: BatchState, request: BatchRequest, batchId: string, graceMs: number): Promise<OpenPage> {
  const { directoryId, pageSize, poll, scope, onlyFailed, collect } = request;
  setPhase(state, 'expanding');
  state.resultsSinceMs ??= Date.now();
  const input = {
    ...scope,
    ...manifestOf(state, batchId),
    directoryId,
    parts: state.parts,
    skipStored: onlyFailed ? collect : null,
    pageSize,
    graceMs,
    sinceMs: state.resultsSinceMs,
    poll,
  };
  const summary = `Read the results of ${batchId}`;
  const { rows, remaining, status } = await readResults.executeWithOptions({ summary }, [input]);
  setStatus(state, status);
  state.files.total = settledCount(state.files) + rows.length + remaining;
  return { rows, remaining, lines: rows.map(() => null) };
}

/** Writes the lines of a page as a part of the manifest, and after the last part the whole. */
export async function writePage(
  state: BatchState,
  batchId: string,
  lines: ManifestLine[],
  { isLast, isWhole }: { isLast: boolean; isWhole: boolean },
  deadlineMs?: number,
): Promise<void> {
  setPhase(state, 'reporting');
  const summary = `List ${lines.length} files`;
  const input = {
    ...manifestOf(state, batchId),
    lines,
    part: state.parts,
    isLast,
    isPartial: !isWhole || state.files.skipped > 0,
  };
  const timeout = deadlineMs === undefined ? {} : { scheduleToCloseTimeout: Math.max(1_000, deadlineMs - Date.now()) };
  const location = await writeManifest.executeWithOptions({ ...timeout, summary }, [input]);
  if (isLast) state.manifest = location;
  state.parts += 1;
  state.page = null;
}

function manifestOf({ opened }: BatchState, batchId: string) {
  return { batchId, firstRunId: workflowInfo().firstExecutionRunId, storeId: opened?.storeId ?? '' };
}
