/** How LlamaCloud's lists tell the jobs that were made in place of a failed one. */
import type { JobSummary } from '../../llamacloud/index.js';
import { type ApiScope, type BatchJob, REDRIVE_LABEL } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { toStatus } from '../support/status.js';

/** A file whose job has FAILED, and by what its other jobs are known. */
export interface FileToRedrive {
  scope: ApiScope;
  fileId: string;
  job: BatchJob;
  /** The job of the batch: the label of parse jobs. */
  batchJobId: string;
  /** What a new job is made of. */
  fileInput: string;
}

export interface RedrivenJobsToFind extends FileToRedrive {
  /** Only jobs created since then, by LlamaCloud's clock. */
  createdAt: string;
  /** Jobs that are known are left out. */
  knownIds: string[];
  /** The job that the POST has returned: the list is read until it shows it. */
  expectedId?: string;
}

/** A job of the file that is newer than the failed one. */
export interface RedrivenJob {
  id: string;
  status: string;
}

const PAGE_SIZE = 100;

/** Of the jobs whose label the list does not show, so many are read by their id. */
const MAX_UNLABELLED = 100;

/**
 * Lists the new jobs of a file, oldest first. A parse job is known by its label. An extract job has none: every newer one of the same file and
 * configuration counts, whoever has made it.
 *
 * @param readUnlabelled Read jobs by their id whose label the list does not show. LlamaCloud documents that it shows them, and it may not.
 */
export async function listRedrivenJobs(
  { llamacloud }: ActivityDeps,
  { scope, job, batchJobId, fileInput, createdAt, knownIds, expectedId }: RedrivenJobsToFind,
  readUnlabelled: boolean,
  signal: AbortSignal,
): Promise<RedrivenJob[]> {
  const { type, configurationId } = job;
  const known = new Set([...knownIds, batchJobId]);
  const filter = type === 'parse_v2' ? {} : { fileInput, configurationId };
  const query = { ...scope, type, ...filter, createdAtOnOrAfter: createdAt, pageSize: PAGE_SIZE, signal };
  const found: JobSummary[] = [];
  const unlabelled: JobSummary[] = [];
  for await (const listed of llamacloud.iterateJobs(query)) {
    // LlamaCloud may ignore a filter.
    if (known.has(listed.id) || isOlder(listed, createdAt)) continue;
    if (listed.id === expectedId) {
      found.push(listed);
      break;
    }
    if (listed.type === 'parse_v2') {
      if (hasLabel(listed.user_metadata, batchJobId)) found.push(listed);
      else if (listed.user_metadata == null) unlabelled.push(listed);
    } else if (isOf(listed.file_input, fileInput) && isOf(listed.configuration_id, configurationId)) found.push(listed);
  }
  if (readUnlabelled && found.length === 0) {
    for (const listed of unlabelled.slice(0, MAX_UNLABELLED)) {
      const result = await llamacloud.getJob({ id: listed.id, type }, { ...scope, signal });
      if (result.type === 'parse_v2' && hasLabel(result.job.user_metadata, batchJobId)) found.push(listed);
    }
  }
  return found.sort(byCreationTime).map(({ id, status }) => ({ id, status: toStatus(status) }));
}

function hasLabel(metadata: Readonly<Record<string, string>> | null | undefined, batchJobId: string): boolean {
  return metadata?.[REDRIVE_LABEL] === batchJobId;
}

/** False where the time is not known: two jobs are worse than the wrong one of two. */
function isOlder({ created_at }: JobSummary, createdAt: string): boolean {
  return created_at != null && Date.parse(created_at) < Date.parse(createdAt);
}

function isOf(listed: string | null | undefined, wanted: string): boolean {
  return listed == null || listed === wanted;
}

function byCreationTime(a: JobSummary, b: JobSummary): number {
  return Date.parse(a.created_at ?? '') - Date.parse(b.created_at ?? '') || 0;
}
