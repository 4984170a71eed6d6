import { HttpError } from '../http-error.js';
import { json } from '../http-exchange.js';
import type { Job, JobType } from '../model.js';
import { paginate } from '../pagination.js';
import type { PresignedFiles } from '../presigned.js';
import type { Project } from '../project.js';
import { readChoice, readCreatedFilter, readList } from '../query.js';
import { isTerminal, jobCreatedAtMs, jobState } from '../timeline.js';
import { extractJobBody, parseJobBody, parseResultBody } from './job-bodies.js';
import { type JobCreate, readExtractCreate, readParseCreate } from './job-creates.js';
import type { Route } from './router.js';

const PARSE_STATUSES = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
const EXTRACT_STATUSES = [...PARSE_STATUSES, 'THROTTLED'] as const;

/** The routes below `/api/v2/parse`. */
export function parseRoutes(project: Project, presigned: PresignedFiles): readonly Route[] {
  return jobRoutes(project, {
    path: '/api/v2/parse',
    readCreate: readParseCreate,
    type: 'parse_v2',
    statuses: PARSE_STATUSES,
    // The parse list takes no `expand`, so it never has usage.
    listed: (job) => {
      const body = parseJobBody(job, project, presigned, false);
      return project.settings.listsUserMetadata ? body : { ...body, user_metadata: null };
    },
    single: (job, expand) => parseResultBody(job, project, presigned, expand),
    withoutExpand: (job) => parseJobBody(job, project, presigned, false),
  });
}

/** The routes below `/api/v2/extract`. */
export function extractRoutes(project: Project, presigned: PresignedFiles): readonly Route[] {
  const body = (job: Job, expand: ReadonlySet<string>) => extractJobBody(job, project, presigned, expand);
  return jobRoutes(project, {
    path: '/api/v2/extract',
    readCreate: readExtractCreate,
    type: 'extract_v2',
    statuses: EXTRACT_STATUSES,
    listed: body,
    single: body,
    withoutExpand: (job) => body(job, new Set()),
  });
}

/** The routes of one product: parse or extract. */
interface JobProduct {
  readonly path: string;
  readonly type: JobType;
  readonly statuses: readonly string[];
  readonly listed: (job: Job, expand: ReadonlySet<string>) => object;
  readonly single: (job: Job, expand: ReadonlySet<string>) => object | Promise<object>;
  /** The body of a new job, and of a cancelled one. */
  readonly withoutExpand: (job: Job) => object;
  readonly readCreate: (body: string) => JobCreate;
}

function jobRoutes(project: Project, product: JobProduct): readonly Route[] {
  return [
    {
      method: 'POST',
      path: product.path,
      handle: async ({ body, query }) => {
        const job = await project.createJob({
          ...product.readCreate(body),
          type: product.type,
          projectId: query.get('project_id'),
          organizationId: query.get('organization_id'),
        });
        return json(product.withoutExpand(job));
      },
    },
    {
      method: 'GET',
      path: product.path,
      handle: ({ query }) => {
        const page = paginate(filterJobs(project, product, query), 'descending', query, project.settings);
        const expand = readList(query, 'expand');
        return json({ ...page, items: page.items.map((job) => product.listed(job, expand)) });
      },
    },
    {
      method: 'GET',
      path: `${product.path}/{id}`,
      handle: async ({ query }, id) =>
        json(await product.single(project.readJob(id, product.type), readList(query, 'expand'))),
    },
    {
      method: 'POST',
      path: `${product.path}/{id}/cancel`,
      handle: (_, id) => {
        const job = project.findJob(id, product.type);
        const nowMs = Date.now();
        const status = jobState(job, nowMs, project.settings)?.status ?? '';
        if (isTerminal(status)) throw new HttpError(409, `job ${id} is ${status} and can't be cancelled`);
        job.cancelledAtMs = nowMs;
        job.forced = null;
        return json(product.withoutExpand(job));
      },
    },
  ];
}

/** Newest first. Lazy, since a page needs a few of maybe many thousand jobs. */
function* filterJobs(project: Project, product: JobProduct, query: URLSearchParams): Generator<Job> {
  const status = readChoice(query, 'status', product.statuses);
  const isInTime = readCreatedFilter(query, project.settings);
  const ids = project.settings.filtersJobIds ? readList(query, 'job_ids') : new Set<string>();
  const configurationId = product.type === 'extract_v2' ? query.get('configuration_id') : null;
  const fileInput = product.type === 'extract_v2' ? query.get('file_input') : null;
  const nowMs = Date.now();
  for (const job of candidates(project, ids)) {
    if (job.type !== product.type) continue;
    if (configurationId !== null && job.configurationId !== configurationId) continue;
    if (fileInput !== null && job.fileInput !== fileInput) continue;
    const state = jobState(job, nowMs, project.settings);
    if (state === null || !isInTime(jobCreatedAtMs(job))) continue;
    if (nowMs < jobCreatedAtMs(job) + project.settings.jobListLagMs) continue;
    if (status === undefined || state.status === status) yield job;
  }
}

function candidates(project: Project, ids: ReadonlySet<string>): Job[] {
  if (ids.size === 0) return [...project.jobs.values()].reverse();
  const requested = [...ids].flatMap((id) => project.jobs.get(id) ?? []);
  return requested.sort((a, b) => b.seq - a.seq);
}
