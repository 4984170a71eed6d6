import { RESULT_TYPES, type ResultType } from '../documents/render.js';
import type { StoredDocument } from '../documents/store.js';
import type { Job } from '../model.js';
import type { PresignedFiles } from '../presigned.js';
import type { Project } from '../project.js';
import { formatServiceTime } from '../service-clock.js';
import { jobCreatedAtMs, jobState, type State } from '../timeline.js';

/** A parse job as the API sends it. */
export function parseJobBody(job: Job, project: Project, presigned: PresignedFiles, withUsage: boolean): object {
  const state = readState(job, project);
  return {
    id: job.id,
    created_at: formatServiceTime(jobCreatedAtMs(job), project.settings),
    updated_at: formatServiceTime(state.sinceMs, project.settings),
    project_id: job.projectId,
    status: state.status,
    error_message: errorMessage(job, state, project, presigned),
    name: job.file.name,
    tier: job.tier,
    usage: withUsage ? { credits: credits(job, state, project) } : null,
    user_metadata: job.userMetadata,
  };
}

/** A parse job with the results that `expand` asks for. */
export async function parseResultBody(
  job: Job,
  project: Project,
  presigned: PresignedFiles,
  expand: ReadonlySet<string>,
): Promise<object> {
  const state = readState(job, project);
  const document = completedDocument(job, state);
  const body: Record<string, unknown> = {
    job: parseJobBody(job, project, presigned, expand.has('usage')),
    result_content_metadata: null,
    job_metadata: document !== null && expand.has('job_metadata') ? { num_pages: document.record.pages } : null,
    raw_parameters: null,
    forms: null,
    images_content_metadata: null,
  };
  const contentMetadata: Record<string, object> = {};
  for (const type of RESULT_TYPES) {
    body[type] = document !== null && expand.has(type) ? await inline(document, type, project) : null;
    if (document !== null && expand.has(`${type}_content_metadata`)) {
      contentMetadata[type] = {
        size_bytes: await document.size(type),
        exists: true,
        presigned_url: presigned.urlFor(job.id, type),
      };
    }
  }
  if (Object.keys(contentMetadata).length > 0) body.result_content_metadata = contentMetadata;
  return body;
}

/** An extract job as the API sends it. Unlike a parse job it contains its result. */
export function extractJobBody(
  job: Job,
  project: Project,
  presigned: PresignedFiles,
  expand: ReadonlySet<string>,
): object {
  const state = readState(job, project);
  const document = completedDocument(job, state);
  const jobCredits = credits(job, state, project);
  return {
    id: job.id,
    file_input: job.fileInput,
    project_id: job.projectId,
    configuration_id: job.configurationId,
    configuration: expand.has('configuration') ? EXTRACT_CONFIGURATION : null,
    status: state.status,
    error_message: errorMessage(job, state, project, presigned),
    extract_result: document === null ? null : document.record,
    extract_metadata:
      document !== null && expand.has('extract_metadata')
        ? { field_metadata: null, parse_job_id: null, parse_tier: job.tier }
        : null,
    metadata: null,
    usage: expand.has('usage')
      ? { credits: jobCredits, extract_credits: jobCredits, parse_credits: jobCredits === null ? null : 0 }
      : null,
    created_at: formatServiceTime(jobCreatedAtMs(job), project.settings),
    updated_at: formatServiceTime(state.sinceMs, project.settings),
  };
}

const EXTRACT_CONFIGURATION = {
  tier: 'cost_effective',
  version: 'latest',
  extraction_target: 'per_doc',
  data_schema: {
    type: 'object',
    properties: { title: { type: 'string' }, pages: { type: 'integer' }, words: { type: 'integer' } },
  },
};

function readState(job: Job, project: Project): State {
  // The routes find jobs with a state only, and a mapped job stays mapped.
  return jobState(job, Date.now(), project.settings) ?? { status: 'PENDING', sinceMs: job.mappedAtMs };
}

export function completedDocument(job: Job, state: State): StoredDocument | null {
  return state.status === 'COMPLETED' && job.outcome !== null && 'document' in job.outcome
    ? job.outcome.document
    : null;
}

async function inline(document: StoredDocument, type: ResultType, project: Project): Promise<unknown> {
  return (await document.size(type)) > project.settings.inlineLimitBytes ? null : await document.value(type);
}

function errorMessage(job: Job, state: State, { settings }: Project, presigned: PresignedFiles): string | null {
  const text = plainErrorMessage(job, state);
  if (text === null || !settings.urlsInErrorMessages) return text;
  return `${text} (source: ${presigned.urlFor(job.id, 'text_full')})`;
}

function plainErrorMessage(job: Job, { status }: State): string | null {
  if (job.forced !== null) return job.forced.errorMessage ?? null;
  return status === 'FAILED' && job.outcome !== null && 'error' in job.outcome ? job.outcome.error : null;
}

/** What was billed for a job: null until `creditsNullMs` after the end. Only a COMPLETED job costs credits. */
export function billedCredits(job: Job, state: State, { settings }: Project): number | null {
  if (typeof job.forcedCredits?.value === 'number') return job.forcedCredits.value;
  if (!['COMPLETED', 'FAILED', 'CANCELLED'].includes(state.status)) return null;
  if (Date.now() < state.sinceMs + settings.creditsNullMs) return null;
  return (completedDocument(job, state)?.record.pages ?? 0) * settings.creditsPerPage;
}

/** `usage.credits`, in the format that is set. */
function credits(job: Job, state: State, project: Project): unknown {
  if (job.forcedCredits !== null) return job.forcedCredits.value;
  const { settings } = project;
  const value = billedCredits(job, state, project);
  if (value === null) return null;
  if (settings.creditsFormat === 'string') return String(value);
  return settings.creditsFormat === 'object' ? { value, unit: 'credits' } : value;
}
