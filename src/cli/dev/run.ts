/** The one run of `dev`, and how it is told. */
import { readFile } from 'node:fs/promises';
import { BatchClient, type BatchHandle } from '../../client/index.js';
import { type BatchReport, DEFAULT_TASK_QUEUE, isReport, type ManifestLine } from '../../protocol/index.js';
import { follow } from '../follow.js';
import { progressView } from '../progress-view.js';
import { countsOf, documentsFolder, failureLines, filesTable } from '../report.js';
import { describeFailure, isRunFailure, type RunFailure } from '../run-failure.js';
import type { Session } from '../session.js';
import { printable, table } from '../text.js';
import type { DevPlan } from './plan.js';
import type { DevServices } from './services.js';

/** How a run ended, and where it can be seen. */
export interface DevRun {
  readonly workflowId: string;
  readonly runId: string | undefined;
  /** Address of the run in the Temporal UI. */
  readonly ui: string;
  readonly report?: BatchReport;
  readonly failure?: RunFailure;
}

const LOOK_EVERY_MS = 250;

/** @throws Interrupted */
export async function runBatch(session: Session, plan: DevPlan, services: DevServices): Promise<DevRun> {
  const { temporal, directoryId } = services;
  const { interrupt } = session;
  const batches = new BatchClient({ client: temporal.client, taskQueue: DEFAULT_TASK_QUEUE });
  const run = await interrupt.race(batches.start({ directoryId, job: plan.job }));
  const ui = uiAddress(temporal.uiUrl ?? '', temporal.namespace, run);
  const { workflowId, runId } = run;
  try {
    const report = await follow({
      client: temporal.client,
      run,
      interrupt,
      everyMs: LOOK_EVERY_MS,
      view: progressView(session),
    });
    return { workflowId, runId, ui, report };
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    const failure = describeFailure(error);
    return { workflowId, runId, ui, failure, ...(isReport(failure.report) ? { report: failure.report } : {}) };
  }
}

/** The run's page: its details, its history, its children. */
export function uiAddress(
  uiUrl: string,
  namespace: string,
  { workflowId, runId }: Pick<BatchHandle, 'workflowId' | 'runId'>,
) {
  const parts = ['namespaces', namespace, 'workflows', workflowId, ...(runId === undefined ? [] : [runId]), 'history'];
  return `${uiUrl}/${parts.map(encodeURIComponent).join('/')}`;
}

export async function tell(session: Session, run: DevRun): Promise<void> {
  const { report, failure, ui } = run;
  session.say();
  if (failure !== undefined) {
    const [first = '', ...rest] = failureLines(failure);
    for (const line of [`The run failed. ${first}`, ...rest]) session.say(line);
  }
  if (report !== undefined) session.say(countsOf(report));
  const manifest = report?.manifest ?? null;
  if (manifest !== null) {
    session.say();
    for (const line of filesTable(await readManifest(manifest), documentsFolder(manifest))) session.say(line);
  }
  session.say();
  const places = [
    ...(manifest === null
      ? []
      : [
          ['Documents', printable(documentsFolder(manifest))],
          ['Manifest', printable(manifest)],
        ]),
    ['Temporal UI', ui],
  ];
  for (const line of table(places, '')) session.say(line);
}

export function answerOf({ failure, report, ...where }: DevRun): object {
  return {
    ok: failure === undefined,
    ...where,
    ...(failure === undefined ? {} : { error: { type: failure.type, message: failure.message } }),
    ...(report === undefined ? {} : { report }),
  };
}

async function readManifest(path: string): Promise<ManifestLine[]> {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): ManifestLine => JSON.parse(line));
}
