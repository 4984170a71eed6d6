import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SEARCH_ATTRIBUTE_KEYS } from '../../src/client/search-attributes.js';
import type { BatchHandle, BatchPhase } from '../../src/index.js';
import { type LocalTemporal, startLocalTemporal, TARGETS } from '../../src/testing/index.js';
import { startBrowser } from '../support/browser.js';
import { parseAll } from '../support/directories.js';
import { failureOf } from '../support/failure.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../support/test-environment.js';
import { until } from '../support/until.js';
import { TemporalUi, VIEWPORT } from './temporal-ui.js';

const DOCUMENTS = fileURLToPath(new URL('../../examples/documents', import.meta.url));
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/;

/** LlamaCloud is down for this kind of request until the faults are cleared. */
const DOWN = { kind: 'status', status: 503, times: 100_000 } as const;

const ENDLESS = { batchRunningMs: DAY, jobRunningMs: DAY, jobSpreadMs: 0, resultsNullMs: 0 };

/** `npm run screenshots` sets the folder of the docs' images, which are taken after what they show was checked. */
const { SCREENSHOTS } = process.env;

/** Batches and jobs end when a test says so. */
describe('the Temporal UI', () => {
  let temporal: LocalTemporal;
  let env: TestEnvironment;
  let browser: Browser;
  let ui: TemporalUi;

  beforeAll(async () => {
    browser = await startBrowser();
    temporal = await startLocalTemporal({ ui: true, searchAttributes: SEARCH_ATTRIBUTE_KEYS });
    env = await startTestEnvironment(temporal, {
      taskQueue: 'llamacloud',
      emulator: { ...ENDLESS, batchCancelMs: 0 },
    });
    const page = await browser.newPage({ viewport: VIEWPORT, timezoneId: 'UTC' });
    page.setDefaultTimeout(180_000);
    ui = new TemporalUi(page, temporal.uiUrl ?? '', env.client, SCREENSHOTS);
  });

  afterEach(() => {
    env?.emulator.faults.clear();
    env?.emulator.configure(ENDLESS);
  });

  afterAll(async () => {
    await browser?.close();
    await env?.close();
    await temporal?.close();
  });

  async function startWaiting(directoryId: string) {
    const run = await env.batches.start(parseInput(directoryId));
    const batch = await env.untilCreated(directoryId);
    await untilPhase(run, 'waiting');
    await until('the batch to run', async () => (await run.progress()).batchStatus === 'RUNNING');
    return { run, batch };
  }

  const untilPhase = (run: BatchHandle, phase: BatchPhase) =>
    until(`the phase ${phase}`, async () => (await run.progress()).phase === phase);

  /** Of the only activity that waits for its next attempt, in milliseconds after now. */
  async function nextRetryMs(workflowId: string): Promise<{ text: string; inMs: number }> {
    const text = await ui.pendingActivities(workflowId);
    const [, time = ''] = /Next Retry\s+(.*? UTC)/.exec(text) ?? [];
    // The UI shows hundredths of a second, which no parser of dates takes.
    return { text, inMs: Date.parse(time.replace(/(:\d\d)\.\d+/, '$1')) - Date.now() };
  }

  test('says what a run is, what it waits for, when it polls next and when it ends at the latest', async () => {
    const { id } = await env.emulator.addDirectory(DOCUMENTS, { id: 'dir-invoices' });
    const { run, batch } = await startWaiting(id);
    const { text, rows } = await ui.details(run.workflowId);
    expect(await ui.summary()).toBe('parse_v2 of dir-invoices with cfg-PARSE_AGENTIC');
    expect(text).toMatch(/^Waiting for LlamaCloud\n/);
    expect(rows).toMatchObject({
      Status: 'RUNNING',
      Batch: batch.id,
      'Files in the directory': '10',
      'Next poll': 'at most 60 s after the last one. When: Next Retry of waitForBatch in Pending Activities',
      'Time left': 'not known: LlamaCloud does not say how far a batch is',
    });
    expect(rows['Waiting since']).toMatch(TIME);
    const { startedAt } = await run.progress();
    expect(Math.abs(Date.parse(rows['Run times out'] ?? '') - Date.parse(startedAt) - 7 * DAY)).toBeLessThan(1_000);
    await ui.takeTabImage('waiting');
    const next = await nextRetryMs(run.workflowId);
    expect(next.text).toMatch(new RegExp(`batch ${batch.id} is RUNNING, next poll in \\d+ s`));
    expect(next.inMs).toBeGreaterThan(-60_000);
    expect(next.inMs).toBeLessThan(60_000);
    await ui.takeTabImage('next-poll', 340);
    await run.cancel();
  });

  test('says who has paused a run and why, and lets a person resume it', async () => {
    const { id } = await env.emulator.addDirectory(files(3), { id: 'dir-contracts' });
    const { run } = await startWaiting(id);
    await run.pause({ by: 'ann', reason: 'LlamaCloud is being maintained until 05:00' });
    const { text, rows } = await ui.details(run.workflowId);
    expect(text).toMatch(
      /^Paused: Waiting for LlamaCloud\n+Paused by ann since \S+ \S+ UTC: LlamaCloud is being maintained until 05:00\. The update resume ends/,
    );
    expect(rows['Next poll']).toBe('when the run is resumed');
    expect(rows['Run times out']).toMatch(TIME);
    await ui.takeTabImage('paused');
    const page = await ui.open(run.workflowId, 'search-attributes');
    await page.getByText('LlamaCloudRunState').first().waitFor();
    await page.getByText('PAUSED').first().waitFor();
    await ui.sendUpdate(run.workflowId, 'resume');
    await until('the end of the pause', async () => (await run.progress()).pause === null);
    await run.cancel();
  });

  test('says that nothing changes in a run, since when, and what to do', async () => {
    const { id } = await env.emulator.addDirectory(files(3), { id: 'dir-minutes' });
    const run = await env.batches.start({ ...parseInput(id), stuckAfter: '1 second' });
    await until('the run to be stuck', async () => {
      const { phase, stuck } = await run.progress();
      return phase === 'waiting' && stuck !== null;
    });
    const { text } = await ui.details(run.workflowId);
    expect(text).toMatch(
      /^Stuck: Waiting for LlamaCloud\n+Nothing has changed since \S+ \S+ UTC\. LlamaCloud has not changed the status of batch bat-/,
    );
    expect(text).toMatch(/temporal-llamacloud batches get bat-/);
    const page = await ui.open(run.workflowId, 'search-attributes');
    await page.getByText('STUCK').first().waitFor();
    await run.cancel();
  });

  test('says in each phase after that when it polls next, or tries again, and how long is left', async () => {
    const { id } = await env.emulator.addDirectory(DOCUMENTS, { id: 'dir-reports' });
    const { run, batch } = await startWaiting(id);
    env.emulator.configure({ resultsNullMs: DAY });
    env.emulator.batches.finish(batch.id);
    await untilPhase(run, 'expanding');
    const expanding = await ui.details(run.workflowId);
    expect(expanding.text).toMatch(/^Reading the results\n/);
    expect(expanding.rows['Next poll']).toBe(
      'at most 60 s after the last one. When: Next Retry of readResults in Pending Activities',
    );

    env.emulator.configure({ resultsNullMs: 0 });
    await untilPhase(run, 'processing');
    const jobs = env.emulator.jobs.list().filter(({ batchId }) => batchId === batch.id);
    const first = ['damaged-scan.pdf', 'price-list.pdf', 'meeting-minutes.txt', 'workshop-handbook.md'];
    for (const job of jobs) if (first.includes(job.fileName)) env.emulator.jobs.finish(job.id);
    await until('their documents', async () => {
      const { files: counts } = await run.progress();
      return counts.completed === 3 && counts.failed === 1;
    });
    const processing = await ui.details(run.workflowId);
    expect(processing.text).toMatch(/^Collecting the documents\n/);
    expect(processing.text).toMatch(
      /Last failures\s+damaged-scan\.pdf JobFailed job \S+ of damaged-scan\.pdf failed: the PDF can't be read/,
    );
    expect(processing.rows).toMatchObject({ Files: '10', Completed: '3', Failed: '1', 'Jobs ended': '4' });
    expect(processing.rows['Next poll']).toBe(
      'at most 60 s after the last one. When: Next Retry of waitForJobs in Pending Activities',
    );
    expect(processing.rows['Time left']).toMatch(/^about \d+ (s|min), until \S+ \S+ UTC$/);
    expect(processing.rows['Jobs time out']).toMatch(TIME);
    await ui.takeTabImage('processing');

    // The manifest can not replace a folder.
    const manifest = join(env.output, batch.id, 'manifest.jsonl');
    await mkdir(manifest);
    for (const job of jobs) env.emulator.jobs.finish(job.id);
    await untilPhase(run, 'reporting');
    const reporting = await ui.details(run.workflowId);
    expect(reporting.text).toMatch(/^Writing the manifest\n/);
    expect(reporting.rows['Next try']).toBe('Next Retry of writeManifest in Pending Activities');
    expect((await nextRetryMs(run.workflowId)).text).toContain('OutputFailed');
    await rmdir(manifest);

    await run.result();
    const completed = await ui.details(run.workflowId);
    expect(completed.text).toMatch(/^Completed\n/);
    expect(completed.rows).toMatchObject({ Completed: '9', Failed: '1', Manifest: manifest });
    expect(completed.rows).not.toHaveProperty('Next poll');
    expect(completed.rows).not.toHaveProperty('Time left');
  });

  test('shows a file that failed in red, with its reason', async () => {
    const { id } = await env.emulator.addDirectory(DOCUMENTS, { id: 'dir-examples' });
    env.emulator.configure({ batchRunningMs: 3_000, jobRunningMs: 2_000, jobSpreadMs: 4_000 });
    const run = await env.batches.start(parseInput(id));
    await run.result();
    const reason = /job \S+ of damaged-scan\.pdf failed: the PDF can't be read: invalid PDF format/;
    const { text } = await ui.details(run.workflowId);
    expect(text).toMatch(new RegExp(`Last failures\\s+damaged-scan\\.pdf JobFailed ${reason.source}`));
    await ui.takeTabImage('details');
    expect((await ui.timelineColours(run.workflowId, 'price-list.pdf', 'Completed')).filter(isRed)).toEqual([]);
    expect((await ui.timelineColours(run.workflowId, 'damaged-scan.pdf', 'Failed')).filter(isRed)).not.toEqual([]);
    const timeline = await ui.open(run.workflowId, 'timeline');
    await timeline.getByText('Timeout of the run').first().waitFor();
    await ui.takeImage('timeline', 1_300);
    const failed = await until('the failed child', async () => {
      const query = `ParentWorkflowId = '${run.workflowId}' AND ExecutionStatus = 'Failed'`;
      for await (const child of env.client.workflow.list({ query })) return child.workflowId;
      return undefined;
    });
    const page = await ui.open(failed, 'timeline');
    await page.getByText(reason).first().waitFor();
  });

  test('says why a run does not start, and when it is tried again', async () => {
    env.emulator.faults.next({ ...DOWN, ...TARGETS.getBatch });
    const opening = await env.batches.start({ batchId: 'bat-11111111-1111-1111-1111-111111111111' });
    await untilPhase(opening, 'opening');
    const { text, rows } = await ui.details(opening.workflowId);
    expect(text).toMatch(/^Checking the input\n/);
    expect(rows['Next try']).toBe('Next Retry of openBatch in Pending Activities');
    const next = await nextRetryMs(opening.workflowId);
    expect(next.text).toMatch(/bat-11111111-1111-1111-1111-111111111111: .*503/);
    expect(next.inMs).toBeLessThan(60_000);
    await opening.cancel();
    env.emulator.faults.clear();

    const { id } = await env.emulator.addDirectory(files(2), { id: 'dir-letters' });
    env.emulator.faults.next({ ...DOWN, ...TARGETS.createBatch });
    const creating = await env.batches.start(parseInput(id));
    const lockId = `llamacloud-create/${id}/parse_v2/cfg-PARSE_AGENTIC`;
    await until('the first POST', async () => (await creating.progress()).blockedBy !== null);
    const shown = await ui.details(creating.workflowId);
    expect(shown.text).toMatch(/^Creating the batch\n/);
    expect(shown.rows['Next try']).toBe(`in the details of the child workflow ${lockId}`);
    const create = await ui.details(lockId);
    expect(create.text).toMatch(/^The batch is not created yet: ServiceUnavailable .*503/);
    expect(create.text).toMatch(/Next try at \S+ \S+ UTC\.|Trying again\./);
    await creating.cancel();
  });

  test('says until when a run that is cancelled stops, and how it has ended', async () => {
    const { id } = await env.emulator.addDirectory(files(2), { id: 'dir-invoices-2025' });
    const { run, batch } = await startWaiting(id);
    env.emulator.faults.next({ ...DOWN, ...TARGETS.cancelBatch });
    await run.cancel();
    await untilPhase(run, 'stopping');
    const { text, rows } = await ui.details(run.workflowId);
    expect(text).toMatch(/^Stopping\n/);
    const inMs = Date.parse(rows['Stopped by'] ?? '') - Date.now();
    expect(inMs).toBeGreaterThan(0);
    expect(inMs).toBeLessThan(10 * 60_000);
    expect(rows['Next try']).toBe('Next Retry in Pending Activities');
    env.emulator.faults.clear();
    await failureOf(run.result());
    expect((await ui.details(run.workflowId)).text).toMatch(
      new RegExp(`^Cancelled\\n+CancelledFailure the run was cancelled before batch ${batch.id} had been collected`),
    );
  });

  test('says why a run has failed', async () => {
    const { id } = await env.emulator.addDirectory(files(2), { id: 'dir-receipts' });
    const { run, batch } = await startWaiting(id);
    env.emulator.batches.setStatus(batch.id, 'FAILED');
    await failureOf(run.result());
    const { text, rows } = await ui.details(run.workflowId);
    expect(text).toMatch(new RegExp(`^Failed\\n+BatchFailed batch ${batch.id} failed, so it has no reliable results`));
    expect(rows).toMatchObject({ Status: 'FAILED', Batch: batch.id });
  });

  test('shows the batches of a run over many directories, which of them failed and why, and how long is left', async () => {
    const ids = ['dir-2026-q1', 'dir-2026-q2', 'dir-2026-q3', 'dir-2026-q4'];
    for (const id of ids) await env.emulator.addDirectory(files(5), { id });
    const run = await env.batches.startDirectories({ ...parseAll(ids), maxConcurrentBatches: 2 });
    const { id: batchId } = await env.untilCreated('dir-2026-q1');
    const { id: completed } = await env.untilCreated('dir-2026-q2');
    env.emulator.batches.setStatus(batchId, 'FAILED');
    env.emulator.batches.finish(completed);
    env.emulator.batches.finishJobs(completed);
    await until('two ends', async () => {
      const { directories, running } = await run.progress();
      return directories.failed === 1 && directories.completed === 1 && running === 2;
    });
    const { text, rows } = await ui.details(run.workflowId);
    expect(await ui.summary()).toBe('parse_v2 of 4 directories with cfg-PARSE_AGENTIC');
    expect(text).toMatch(/^Processing the directories\n/);
    expect(text).toContain(`dir-2026-q1 BatchFailed batch ${batchId} failed`);
    expect(rows).toMatchObject({
      Directories: '4',
      'Directories completed': '1',
      'Directories failed': '1',
      'Batches running': '2',
      'Next poll': 'in the details of each child workflow: Relationships lists them',
    });
    expect(rows['Time left']).toMatch(/^about \d+ (s|min), until \S+ \S+ UTC$/);
    await ui.takeTabImage('directories');
    expect((await ui.timelineColours(run.workflowId, 'parse_v2 of dir-2026-q1', 'Failed')).filter(isRed)).not.toEqual(
      [],
    );
    const page = await ui.open(run.workflowId, 'relationships');
    for (const id of ids.slice(0, 3))
      await page.getByText(`llamacloud/${id}/parse_v2/cfg-PARSE_AGENTIC`).first().waitFor();
    await run.cancel();
  });
});

/** Whether a CSS colour is a strong red. */
function isRed(colour: string): boolean {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  return red > 180 && green < 100 && blue < 100;
}
