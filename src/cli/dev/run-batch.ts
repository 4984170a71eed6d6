import { BatchClient, type BatchHandle } from '../../client/index.js';
import { type BatchReport, DEFAULT_TASK_QUEUE, isReport } from '../../protocol/index.js';
import type { CommandContext } from '../command-context.js';
import { followRun } from '../runs/follow-run.js';
import { createProgressView } from '../runs/progress-view.js';
import { isRunFailure, type RunFailure, toRunFailure } from '../runs/run-failure.js';
import { TemporalOutage } from '../runs/temporal-outage.js';
import type { DevInput } from './input.js';
import type { DevServices } from './services.js';

/** How the run of `dev` ended. */
export interface DevResult {
  readonly workflowId: string;
  readonly runId: string | undefined;
  /** URL of the run in the Temporal UI. */
  readonly ui: string;
  readonly report?: BatchReport;
  readonly failure?: RunFailure;
}

const POLL_INTERVAL_MS = 250;

/** Processes the folder as one batch. @throws InterruptedError */
export async function runBatch(context: CommandContext, input: DevInput, services: DevServices): Promise<DevResult> {
  const { temporal, directoryId } = services;
  const { signals } = context;
  const batches = new BatchClient({ client: temporal.client, taskQueue: DEFAULT_TASK_QUEUE });
  const run = await signals.race(batches.start({ directoryId, job: input.job }));
  const ui = toUiUrl(temporal.uiUrl ?? '', temporal.namespace, run);
  const { workflowId, runId } = run;
  const view = createProgressView(context);
  try {
    const report = await followRun({
      client: temporal.client,
      run,
      signals,
      intervalMs: POLL_INTERVAL_MS,
      view,
      outage: new TemporalOutage(temporal, (line) => view.note(line)),
    });
    return { workflowId, runId, ui, report };
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    const failure = toRunFailure(error);
    return { workflowId, runId, ui, failure, ...(isReport(failure.report) ? { report: failure.report } : {}) };
  }
}

function toUiUrl(uiUrl: string, namespace: string, { workflowId, runId }: BatchHandle): string {
  const parts = ['namespaces', namespace, 'workflows', workflowId, ...(runId === undefined ? [] : [runId]), 'history'];
  return `${uiUrl}/${parts.map(encodeURIComponent).join('/')}`;
}
