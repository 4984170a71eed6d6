import type { Batch } from '../model.js';
import { type Page, paginate } from '../pagination.js';
import type { Project } from '../project.js';
import { readChoice, readCreatedFilter } from '../query.js';
import { batchState } from '../timeline.js';

const STATUSES = ['PENDING', 'THROTTLED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;

/** The fields to filter by, and the body. */
interface ListedBatch {
  readonly seq: number;
  readonly status: string;
  readonly createdAtMs: number;
  readonly projectId: string;
  /** Null matches every organization. */
  readonly organizationId: string | null;
  readonly body: () => object;
}

/** One page of `GET /api/v2/batches`, newest first. */
export function listBatches(project: Project, query: URLSearchParams, toBody: (batch: Batch) => object): Page<object> {
  const status = readChoice(query, 'status', STATUSES);
  const isInTime = readCreatedFilter(query, project.settings);
  const projectId = query.get('project_id');
  const organizationId = query.get('organization_id');
  const matching = candidates(project, query.get('source_directory_id'), toBody).filter(
    (batch) =>
      isInTime(batch.createdAtMs) &&
      (projectId === null || batch.projectId === projectId) &&
      (organizationId === null || batch.organizationId === null || batch.organizationId === organizationId) &&
      (status === undefined || batch.status === status),
  );
  const page = paginate(matching, 'descending', query, project.settings);
  return { ...page, items: page.items.map(({ body }) => body()) };
}

/** The batches of a directory, or all, whose `listLagMs` is over; the unusual ones of the directory come last. */
function candidates(project: Project, directoryId: string | null, toBody: (batch: Batch) => object): ListedBatch[] {
  const { settings } = project;
  const nowMs = Date.now();
  const created = [...project.batches.values()]
    .reverse()
    .filter((batch) => directoryId === null || batch.directoryId === directoryId)
    .filter((batch) => nowMs >= batch.createdAtMs + settings.listLagMs)
    .map((batch) => ({
      seq: batch.seq,
      status: batchState(batch, nowMs, settings).status,
      createdAtMs: batch.createdAtMs,
      projectId: batch.projectId,
      organizationId: batch.organizationId,
      body: () => toBody(batch),
    }));
  const directory = directoryId === null ? undefined : project.directories.get(directoryId);
  const unusual = project.unusualBatches.list(directory).map((batch) => ({ ...batch, organizationId: null }));
  return [...created, ...unusual];
}
