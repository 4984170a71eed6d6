import { z } from 'zod';
import { HttpError } from '../http-error.js';
import { json } from '../http-exchange.js';
import type { Batch } from '../model.js';
import type { Project } from '../project.js';
import { readList } from '../query.js';
import { batchResults } from '../results.js';
import { formatServiceTime } from '../service-clock.js';
import { batchState, isTerminal } from '../timeline.js';
import { readJsonBody } from '../validation.js';
import { type WebhookNotifier, webhookConfiguration } from '../webhooks.js';
import { listBatches } from './batch-list.js';
import type { Route } from './router.js';

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
      handle: ({ query }) => json(listBatches(project, query, (batch) => batchBody(batch, project, false))),
    },
    {
      method: 'GET',
      path: '/api/v2/batches/{id}',
      handle: ({ query }, id) => {
        const unusual = project.unusualBatches.find(id);
        if (unusual !== undefined) return json(unusual.body());
        return json(batchBody(project.readBatch(id), project, readList(query, 'expand').has('results')));
      },
    },
    {
      method: 'POST',
      path: '/api/v2/batches/{id}/cancel',
      handle: (_, id) => {
        project.unusualBatches.refuseCancel(id);
        const batch = project.findBatch(id);
        const nowMs = Date.now();
        const { status } = batchState(batch, nowMs, settings);
        if (isTerminal(status)) throw new HttpError(409, `batch ${id} is ${status} and can't be cancelled`);
        // A second cancel request has no effect.
        batch.cancel ??= {
          requestedAtMs: nowMs,
          doneAtMs: nowMs + settings.batchCancelMs,
          stopsJobs: !settings.jobsContinueAfterCancel,
        };
        webhooks.onBatchChange(batch);
        return json(batchBody(batch, project, false));
      },
    },
  ];
}

/** A batch as the API sends it. */
export function batchBody(batch: Batch, project: Project, withResults: boolean): object {
  const { settings } = project;
  const nowMs = Date.now();
  const { status, sinceMs } = batchState(batch, nowMs, settings);
  return {
    id: batch.id,
    created_at: formatServiceTime(batch.createdAtMs, settings),
    updated_at: formatServiceTime(sinceMs, settings),
    project_id: batch.projectId,
    source_directory_id: batch.directoryId,
    config: { job: { type: batch.jobType, configuration_id: batch.configurationId } },
    status,
    results: withResults ? batchResults(batch, nowMs, project) : null,
  };
}
