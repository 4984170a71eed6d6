import { z } from 'zod';
import { HttpError } from '../http-error.js';
import { json } from '../http-exchange.js';
import type { Batch } from '../model.js';
import { paginate } from '../pagination.js';
import type { Project } from '../project.js';
import { readChoice, readCreatedFilter, readList } from '../query.js';
import { batchResults, batchState, isTerminal } from '../timeline.js';
import { readJsonBody } from '../validation.js';
import { type WebhookNotifier, webhookConfiguration } from '../webhooks.js';
import type { Route } from './router.js';

export const BATCH_STATUSES = ['PENDING', 'THROTTLED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;

const createRequest = z.object({
  source_directory_id: z.string(),
  config: z.object({
    job: z.object({ type: z.enum(['parse_v2', 'extract_v2']), configuration_id: z.string() }),
  }),
  webhook_configurations: z.array(webhookConfiguration).nullish(),
  webhook_configuration_ids: z.array(z.string()).nullish(),
});

/** The routes below `/api/v2/batches`. */
export function batchRoutes(project: Project, webhooks: WebhookNotifier): readonly Route[] {
  const { settings } = project;
  return [
    {
      method: 'POST',
      path: '/api/v2/batches',
      handle: async ({ body, query }) => {
        const request = readJsonBody(body, createRequest);
        const endpoints = request.webhook_configurations ?? [];
        webhooks.check(endpoints);
        const batch = await project.createBatch({
          directoryId: request.source_directory_id,
          jobType: request.config.job.type,
          configurationId: request.config.job.configuration_id,
          projectId: query.get('project_id'),
          organizationId: query.get('organization_id'),
        });
        webhooks.watch(batch, endpoints);
        return json(batchBody(batch, project, false), 201);
      },
    },
    {
      method: 'GET',
      path: '/api/v2/batches',
      handle: ({ query }) => {
        const page = paginate(filterBatches(project, query), 'descending', query, settings);
        return json({ ...page, items: page.items.map((batch) => batchBody(batch, project, false)) });
      },
    },
    {
      method: 'GET',
      path: '/api/v2/batches/{id}',
      handle: ({ query }, id) =>
        json(batchBody(project.findBatch(id), project, readList(query, 'expand').has('results'))),
    },
    {
      method: 'POST',
      path: '/api/v2/batches/{id}/cancel',
      handle: (_, id) => {
        const batch = project.findBatch(id);
        const nowMs = Date.now();
        const { status } = batchState(batch, nowMs, settings);
        if (isTerminal(status)) throw new HttpError(409, `batch ${id} is ${status} and can't be cancelled`);
        // A second request changes nothing about the first.
        batch.cancel ??= { requestedAtMs: nowMs, doneAtMs: nowMs + settings.batchCancelMs };
        webhooks.changed(batch);
        return json(batchBody(batch, project, false));
      },
    },
  ];
}

function filterBatches(project: Project, query: URLSearchParams): Batch[] {
  const status = readChoice(query, 'status', BATCH_STATUSES);
  const isInTime = readCreatedFilter(query);
  const directoryId = query.get('source_directory_id');
  const projectId = query.get('project_id');
  const organizationId = query.get('organization_id');
  const nowMs = Date.now();
  return [...project.batches.values()]
    .reverse()
    .filter(
      (batch) =>
        isInTime(batch.createdAtMs) &&
        (directoryId === null || batch.directoryId === directoryId) &&
        (projectId === null || batch.projectId === projectId) &&
        (organizationId === null || batch.organizationId === null || batch.organizationId === organizationId) &&
        (status === undefined || batchState(batch, nowMs, project.settings).status === status),
    );
}

/** A batch as the API sends it. */
export function batchBody(batch: Batch, { settings }: Project, withResults: boolean): object {
  const nowMs = Date.now();
  const { status, sinceMs } = batchState(batch, nowMs, settings);
  return {
    id: batch.id,
    created_at: new Date(batch.createdAtMs).toISOString(),
    updated_at: new Date(sinceMs).toISOString(),
    project_id: batch.projectId,
    source_directory_id: batch.directoryId,
    config: { job: { type: batch.jobType, configuration_id: batch.configurationId } },
    status,
    results: withResults ? batchResults(batch, nowMs, settings) : null,
  };
}
