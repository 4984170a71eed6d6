import { chunk, JOB_TYPES, type JobType, MAX_JOBS_PER_REQUEST, type ResolvedBatchInput } from '../../protocol/index.js';
import { waitForJobs } from '../shared/activities.js';
import { pollUnlessPaused } from '../shared/control.js';
import type { ReadyQueue } from '../shared/ready-queue.js';
import { publishDetails } from './publish.js';
import { type BatchState, type OpenPage, type PageFile, recordJobEnd } from './state.js';

interface WaitingFile {
  file: PageFile;
  jobId: string;
}

/** Step 7: adds the files of a page to the queue: those that wait for no job at once, the others as their jobs end. */
export async function releaseFiles(
  state: BatchState,
  input: ResolvedBatchInput,
  page: OpenPage,
  deadlineMs: number,
  queue: ReadyQueue<PageFile>,
): Promise<void> {
  const waiting: Record<JobType, WaitingFile[]> = { parse_v2: [], extract_v2: [] };
  for (const file of page.files) {
    const { job, storedLine } = file.row;
    if (file.line !== null) continue;
    if (job === null || storedLine !== null || file.jobEnded) queue.add(file);
    else waiting[job.type].push({ file, jobId: job.id });
  }
  const waiters = JOB_TYPES.flatMap((type) =>
    chunk(waiting[type], MAX_JOBS_PER_REQUEST).map((files) =>
      releaseAsJobsEnd(state, input, type, files, deadlineMs, queue),
    ),
  );
  await Promise.all(waiters);
}

/** Returns when all of these files are released. */
async function releaseAsJobsEnd(
  state: BatchState,
  { poll, scope }: ResolvedBatchInput,
  type: JobType,
  files: readonly WaitingFile[],
  deadlineMs: number,
  queue: ReadyQueue<PageFile>,
): Promise<void> {
  const sinceMs = Date.now();
  let waiting = files;
  for (let lastPolledAtMs: number | null = null; waiting.length > 0; lastPolledAtMs = Date.now()) {
    const jobIds = [...new Set(waiting.map(({ jobId }) => jobId))];
    const input = { ...scope, type, jobIds, sinceMs, lastPolledAtMs, deadlineMs, poll };
    const summary = `Wait for ${jobIds.length} ${jobIds.length === 1 ? 'job' : 'jobs'} to end`;
    const found = await pollUnlessPaused(state, () => waitForJobs.executeWithOptions({ summary }, [input]));
    const ended = new Set(found.ended);
    for (const { file, jobId } of waiting) {
      if (ended.has(jobId)) recordJobEnd(state, file);
      if (ended.has(jobId) || found.pollIndividually) queue.add(file);
    }
    publishDetails(state);
    waiting = found.pollIndividually ? [] : waiting.filter(({ jobId }) => !ended.has(jobId));
  }
}
