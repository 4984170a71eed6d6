import { invalid } from '../http-error.js';
import { json } from '../http-exchange.js';
import type { Job } from '../model.js';
import type { Project } from '../project.js';
import { readList } from '../query.js';
import { formatServiceTime } from '../service-clock.js';
import { jobState } from '../timeline.js';
import { billedCredits, completedDocument } from './job-bodies.js';
import type { Route } from './router.js';

const DIMENSIONS = ['day', 'project_id', 'event_type', 'tier'] as const;
type Dimension = (typeof DIMENSIONS)[number];

/** What one job used. */
interface Metric {
  readonly jobId: string;
  readonly organizationId: string | null;
  readonly dimensions: Readonly<Record<Dimension, string>>;
  readonly credits: number;
  readonly pages: number;
}

/** `GET /api/v1/beta/usage-metrics/aggregate`: the credits of the jobs that are billed by now. */
export function usageRoutes(project: Project): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/beta/usage-metrics/aggregate',
      handle: ({ query }) => {
        const groupBy = readGroupBy(query);
        const buckets = new Map<string, Metric[]>();
        for (const metric of filterMetrics(project, query)) {
          const key = JSON.stringify(groupBy.map((name) => metric.dimensions[name]));
          buckets.set(key, [...(buckets.get(key) ?? []), metric]);
        }
        return json({ group_by: groupBy, buckets: [...buckets.values()].map((metrics) => toBucket(metrics, groupBy)) });
      },
    },
  ];
}

function readGroupBy(query: URLSearchParams): readonly Dimension[] {
  const names = readList(query, 'group_by');
  if (names.size === 0) throw invalid(['query', 'group_by'], 'Field required', 'missing');
  return [...names].map((name) => {
    const dimension = DIMENSIONS.find((candidate) => candidate === name);
    if (dimension !== undefined) return dimension;
    throw invalid(['query', 'group_by', 0], `Input should be one of ${DIMENSIONS.join(', ')}`, 'literal_error');
  });
}

function filterMetrics(project: Project, query: URLSearchParams): readonly Metric[] {
  const organizationId = query.get('organization_id');
  if (organizationId === null) throw invalid(['query', 'organization_id'], 'Field required', 'missing');
  const projectId = query.get('project_id');
  const jobId = query.get('event_aggregation_key');
  const days = readList(query, 'days');
  const eventTypes = readList(query, 'event_types');
  const from = query.get('day_on_or_after') ?? '';
  const to = query.get('day_on_or_before') ?? '9999-12-31';
  return [...project.jobs.values()]
    .flatMap((job) => toMetric(job, project) ?? [])
    .filter(
      (metric) =>
        (metric.organizationId === null || metric.organizationId === organizationId) &&
        (projectId === null || metric.dimensions.project_id === projectId) &&
        (jobId === null || metric.jobId === jobId) &&
        (days.size === 0 || days.has(metric.dimensions.day)) &&
        (eventTypes.size === 0 || eventTypes.has(metric.dimensions.event_type)) &&
        metric.dimensions.day >= from &&
        metric.dimensions.day <= to,
    );
}

/** Null while nothing is billed. */
function toMetric(job: Job, project: Project): Metric | null {
  const state = jobState(job, Date.now(), project.settings);
  const credits = state === null ? null : billedCredits(job, state, project);
  if (state === null || credits === null || credits === 0) return null;
  return {
    jobId: job.id,
    organizationId: job.organizationId,
    dimensions: {
      day: formatServiceTime(state.sinceMs, project.settings).slice(0, 10),
      project_id: job.projectId,
      event_type: job.type === 'parse_v2' ? 'pages_parsed' : 'extraction_num_pages',
      tier: job.tier ?? 'unknown',
    },
    credits,
    pages: completedDocument(job, state)?.record.pages ?? 0,
  };
}

function toBucket(metrics: readonly Metric[], groupBy: readonly Dimension[]): object {
  const [first] = metrics;
  return {
    dimensions: Object.fromEntries(groupBy.map((name) => [name, first?.dimensions[name] ?? ''])),
    total_credits: metrics.reduce((sum, { credits }) => sum + credits, 0),
    total_value: metrics.reduce((sum, { pages }) => sum + pages, 0),
    metric_count: metrics.length,
  };
}
