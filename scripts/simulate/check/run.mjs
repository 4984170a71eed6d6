// Judges one run by its report, its manifest and its documents.
import { dirname, join } from 'node:path';
import { parseLines, sha256 } from '../../manifest.mjs';

/** Events that end what a run would do by itself. */
const DISTURBANCES = ['cancel', 'terminate', 'cancel-remote-batch', 'fail-remote-batch'];
/** The report of a run, its manifest and its documents agree, and it ended as its plan lets it end. */
export function checkRun(evidence, run, runs) {
  const { plan, occurred } = evidence;
  const { workflowId, last, planned } = run;
  const ended = readEnd(last);
  const problems = [];
  const say = (problem) => problems.push(`${workflowId}: ${problem}`);
  if (ended.report !== undefined) checkReport(evidence, run, ended, runs, say);
  const isDisturbed =
    occurred.some(({ kind }) => DISTURBANCES.includes(kind)) ||
    plan.runs.some(({ input }) => input.timeout !== undefined);
  const mayFail =
    isDisturbed ||
    // The first request of a run that adopts is judged like a create.
    planned.adopts ||
    // Three POSTs without an effect and without a response. If one had an effect, its batch is one that no run names.
    ended.type === 'CreateOutcomeUnknown' ||
    ended.type === 'TooManyFailedFiles';
  if (!mayFail && last.status !== 'COMPLETED')
    say(`ended as ${last.status} ${ended.type ?? ''}: ${ended.message ?? ''}`);
  return problems;
}

/** How an execution ended, from its last event. */
export function readEnd({ events, memo }) {
  const event = events.at(-1);
  const result = event.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0];
  if (result?.data) return { report: JSON.parse(result.data) };
  const failure = event.workflowExecutionFailedEventAttributes?.failure;
  const details = failure?.applicationFailureInfo?.details?.payloads?.[0];
  const report = details?.data ? JSON.parse(details.data) : memo.llamacloudReport;
  return {
    type: failure?.applicationFailureInfo?.type,
    message: failure?.message,
    ...(report?.files === undefined ? {} : { report }),
  };
}

/** The report adds up and agrees with the manifest, and each document that it counts is there and right. */
function checkReport(evidence, { planned, last }, { report, type }, runs, say) {
  const { batches, files, jobs, plan } = evidence;
  const batch = batches.find(({ id }) => id === report.batchId);
  if (batch === undefined) {
    say(`reports ${report.batchId}, which does not exist`);
    return;
  }
  const { total, completed, failed, cancelled, skipped } = report.files;
  if (total !== completed + failed + cancelled + skipped) say(`counts do not add up: ${JSON.stringify(report.files)}`);
  const isWhole = last.status === 'COMPLETED' || type === 'TooManyFailedFiles';
  if (report.manifest === null) {
    if (isWhole) say('has no manifest');
    return;
  }
  const manifest = files.get(report.manifest);
  if (manifest === undefined) {
    say(`has no manifest at ${report.manifest}`);
    return;
  }
  if (isReplaced(report, last, runs)) return;
  const lines = parseLines(manifest);
  const ids = lines.map(({ fileId }) => fileId);
  if (new Set(ids).size !== ids.length) say(`lists a file twice: ${findTwice(ids).join(', ')}`);
  const directory = batch.files.map(({ fileId }) => fileId);
  const foreign = plan.rowEdits.includes('foreign-file') ? ['dfl-foreign'] : [];
  // A result that names no file has the id of its job as file id.
  const namesNoFile = plan.rowEdits.includes('no-file-id');
  const strange = namesNoFile ? [] : ids.filter((id) => !directory.includes(id) && !foreign.includes(id));
  if (strange.length > 0) say(`lists files that are not of the directory: ${strange.join(', ')}`);
  const missing = directory.filter((id) => !ids.includes(id));
  if (isWhole && missing.length > 0) say(`does not list ${missing.join(', ')}`);
  if (lines.length > total || (isWhole && lines.length !== total)) say(`lists ${lines.length} of ${total} files`);
  if (isWhole) {
    for (const [status, count] of Object.entries({
      COMPLETED: completed,
      FAILED: failed,
      CANCELLED: cancelled,
      SKIPPED: skipped,
    })) {
      const listed = lines.filter((line) => line.status === status).length;
      if (listed !== count) say(`lists ${listed} files that are ${status}, and reports ${count}`);
    }
  }
  for (const line of lines) {
    const job = jobs.find(({ batchId, fileId }) => batchId === batch.id && fileId === line.fileId);
    checkLine({ line, job, batch, evidence, planned, isCompleted: last.status === 'COMPLETED' }, say);
  }
  const paths = lines.flatMap(({ output }) => (output === null ? [] : [output]));
  if (new Set(paths).size !== paths.length) say(`gives two files one document: ${findTwice(paths).join(', ')}`);
}

/** A later run over the same batch has written its own manifest, in which fewer files may have failed. */
function isReplaced({ manifest }, { closeTime }, runs) {
  return runs.some(({ last }) => last.closeTime > closeTime && readEnd(last).report?.manifest === manifest);
}

function checkLine({ line, job, batch, evidence, planned, isCompleted }, say) {
  const { files, documents, output, plan, occurred } = evidence;
  if (line.status !== 'COMPLETED') {
    const isExcused =
      !isCompleted ||
      plan.rowEdits.length > 0 ||
      planned.input.jobTimeout !== undefined ||
      line.status === 'SKIPPED' ||
      occurred.some(({ kind }) => DISTURBANCES.includes(kind)) ||
      plan.runs.some(({ input }) => input.timeout !== undefined);
    if (job?.status === 'COMPLETED' && !isExcused) {
      say(`${line.fileId} is ${line.status}, though its job is COMPLETED: ${line.error?.type} ${line.error?.message}`);
    }
    return;
  }
  const content = line.output === null ? undefined : files.get(line.output);
  const form = planned.input.collect === 'text' ? 'text_full' : 'markdown_full';
  const expected = documents.get(`${job?.id} ${form}`);
  if (content === undefined) say(`has no document of ${line.fileId} at ${line.output}`);
  else if (expected === undefined) say(`has a document of ${line.fileId}, whose job is ${job?.status}`);
  else if (!content.equals(expected))
    say(`the document of ${line.fileId} has ${content.length} bytes instead of ${expected.length}`);
  else if (line.bytes !== content.length || line.sha256 !== sha256(content))
    say(`size or checksum of ${line.fileId} is wrong`);
  if (line.output !== null && dirname(line.output) !== join(output, batch.id))
    say(`${line.output} is outside the folder of the batch`);
}

function findTwice(values) {
  return values.filter((value, index) => values.indexOf(value) !== index);
}
