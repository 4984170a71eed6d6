import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { check } from '../../scripts/simulate/check/check.mjs';

const OUTPUT = '/simulation/out';
const FILES = ['dfl-1', 'dfl-2'];

test('a scenario that went well has no problem', () => {
  expect(check(scenario())).toEqual([]);
});

test('a run whose failed file a later run over the same batch has collected has no problem', () => {
  const evidence = scenario();
  setReport(evidence, { completed: 1, failed: 1 });
  const rest = { workflowId: 'sim-1-rest', adopts: true, input: { directoryId: 'dir-1' } };
  evidence.plan.runs.push(rest);
  evidence.workflows.push({ ...run(rest.workflowId), closeTime: new Date(2_000) });
  expect(check(evidence)).toEqual([]);
});

test('a batch that a create has made just before its run was terminated has no problem', () => {
  const evidence = scenario();
  terminateBeforeBatchIsNamed(evidence);
  expect(check(evidence).filter((problem) => problem.includes('no run names'))).toEqual([]);
});

test.each<[string, (evidence: Scenario) => void, RegExp]>([
  [
    'a batch that a create has made although it was cancelled',
    (evidence) => terminateBeforeBatchIsNamed(evidence, [{ workflowExecutionCancelRequestedEventAttributes: {} }]),
    /no run names.*bat-2/,
  ],
  ['a run that is open', (evidence) => evidence.stuck.push('sim-1-first waits'), /not ended after 5 s: sim-1-first/],
  ['a run that was not started', ({ notStarted }) => notStarted.push({ name: 'x', reason: 'E: no' }), /x could not be/],
  [
    'a failed workflow task',
    ({ workflows }) => addTaskFailure(workflows[0], 2),
    /a workflow task of sim-1-first failed: 2/,
  ],
  ['a second batch', ({ batches }) => batches.push({ ...batch('bat-2'), status: 'RUNNING' }), /no run names.*bat-2/],
  ['a run that names no batch that exists', ({ workflows }) => nameBatch(workflows[0], 'bat-9'), /names bat-9/],
  ['two runs with one batch', ({ workflows }) => workflows.push(run('sim-1-other')), /bat-1 was taken by 2 runs/],
  ['a failed run', ({ workflows }) => failRun(workflows[0]), /ended as FAILED UnexpectedResponse/],
  ['counts that do not add up', (evidence) => setReport(evidence, { total: 3 }), /counts do not add up/],
  [
    'a report of other counts',
    (evidence) => setReport(evidence, { completed: 1, failed: 1 }),
    /lists 2 files that are COMPLETED/,
  ],
  ['no manifest', ({ files }) => files.delete(`${OUTPUT}/bat-1/manifest.jsonl`), /has no manifest at/],
  ['a file twice', (evidence) => setLines(evidence, [line(0), line(0)]), /lists a file twice: dfl-1/],
  ['a file too few', (evidence) => setLines(evidence, [line(0)]), /does not list dfl-2/],
  [
    'a file of nowhere',
    (evidence) => setLines(evidence, [line(0), { ...line(1), fileId: 'dfl-9' }]),
    /not of the directory: dfl-9/,
  ],
  [
    'a failed file',
    (evidence) => setLines(evidence, [line(0), failed(1)]),
    /dfl-2 is FAILED, though its job is COMPLETED/,
  ],
  ['a missing document', ({ files }) => files.delete(path(1)), /has no document of dfl-2/],
  ['half a document', ({ files }) => files.set(path(1), Buffer.from('Docu')), /has 4 bytes instead of 10/],
  ['a wrong checksum', (evidence) => setLines(evidence, [line(0), { ...line(1), sha256: 'no' }]), /checksum of dfl-2/],
  ['a document that no job has', ({ jobs }) => jobs.splice(1), /has a document of dfl-2, whose job is undefined/],
  ['a document elsewhere', moveDocument, /is outside the folder of the batch/],
  ['a file elsewhere', ({ files }) => files.set('/simulation/stray', Buffer.from('')), /stray should not be there/],
  [
    'a secret in a file',
    ({ files }) => files.set(`${OUTPUT}/.store-id`, Buffer.from('?signature=1')),
    /secret in .*store-id/,
  ],
  [
    'a secret in a history',
    ({ workflows }) => nameBatch(workflows[0], 'llx-simulated-planted-9c2f61'),
    /secret in sim-1/,
  ],
  ['jobs that a stopped run leaves', stopRun, /was stopped and left 1 jobs running/],
])('%s is a problem', (_name, damage, problem) => {
  const evidence = scenario();
  damage(evidence);
  expect(check(evidence).join('\n')).toMatch(problem);
});

interface Line {
  fileId: string;
  status: string;
  output: string | null;
  bytes: number;
  sha256: string;
}

interface Workflow {
  workflowId: string;
  type: string;
  status: string;
  startTime: Date;
  closeTime: Date;
  memo: Record<string, unknown>;
  events: object[];
}

type Scenario = ReturnType<typeof scenario>;

function terminateBeforeBatchIsNamed({ batches, workflows }: Scenario, later: object[] = []): void {
  batches.push({ ...batch('bat-2'), status: 'RUNNING' });
  const parentWorkflowExecution = { workflowId: 'sim-1-terminated' };
  const events = [{ workflowExecutionStartedEventAttributes: { parentWorkflowExecution } }, ...later];
  workflows.push(
    { ...run('sim-1-terminated'), status: 'TERMINATED', memo: {} },
    { ...run('llamacloud-create/dir-1'), type: 'createBatch', memo: { llamacloudBatchId: 'bat-2' }, events },
  );
}

/** One run over two files, whose documents are there. */
function scenario() {
  return {
    plan: {
      shape: 'single',
      rowEdits: [] as string[],
      runs: [{ workflowId: 'sim-1-first', adopts: false, input: { directoryId: 'dir-1' } }],
    },
    occurred: [] as object[],
    stuck: [] as string[],
    notStarted: [] as { name: string; reason: string }[],
    tookMs: 5_000,
    hits: [] as object[],
    requests: [] as object[],
    batches: [batch('bat-1')],
    jobs: FILES.map((fileId, index) => ({ id: `pjb-${index}`, batchId: 'bat-1', fileId, status: 'COMPLETED' })),
    documents: new Map(FILES.map((_, index) => [`pjb-${index} markdown_full`, content(index)])),
    workflows: [run('sim-1-first')],
    output: OUTPUT,
    files: new Map([
      [`${OUTPUT}/.store-id`, Buffer.from('id')],
      [`${OUTPUT}/bat-1/manifest.jsonl`, toManifest(FILES.map((_, index) => line(index)))],
      ...FILES.map((_, index): [string, Buffer] => [path(index), content(index)]),
    ]),
  };
}

function batch(id: string) {
  return { id, status: 'COMPLETED', files: FILES.map((fileId) => ({ fileId })) };
}

function run(workflowId: string): Workflow {
  const files = { total: 2, completed: 2, failed: 0, cancelled: 0, skipped: 0 };
  return {
    workflowId,
    type: 'processBatch',
    status: 'COMPLETED',
    startTime: new Date(0),
    closeTime: new Date(1_000),
    memo: { llamacloudBatchId: 'bat-1' },
    events: [completed({ batchId: 'bat-1', files, manifest: `${OUTPUT}/bat-1/manifest.jsonl` })],
  };
}

function completed(report: object) {
  return { workflowExecutionCompletedEventAttributes: { result: { payloads: [{ data: JSON.stringify(report) }] } } };
}

function content(index: number): Buffer {
  return Buffer.from(`Document ${index}`);
}

function path(index: number): string {
  return `${OUTPUT}/bat-1/${index}.md`;
}

function line(index: number): Line {
  const sha256 = createHash('sha256').update(content(index)).digest('hex');
  return { fileId: FILES[index] ?? '', status: 'COMPLETED', output: path(index), bytes: 10, sha256 };
}

function failed(index: number): Line {
  return { ...line(index), status: 'FAILED', output: null };
}

function toManifest(lines: readonly Line[]): Buffer {
  return Buffer.from(lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

function setLines({ files }: Scenario, lines: readonly Line[]): void {
  files.set(`${OUTPUT}/bat-1/manifest.jsonl`, toManifest(lines));
}

function setReport({ workflows }: Scenario, counts: object): void {
  const files = { total: 2, completed: 2, failed: 0, cancelled: 0, skipped: 0, ...counts };
  workflows[0]?.events.push(completed({ batchId: 'bat-1', files, manifest: `${OUTPUT}/bat-1/manifest.jsonl` }));
}

function moveDocument(evidence: Scenario): void {
  evidence.files.set(`${OUTPUT}/bat-1/runs/1.md`, content(1));
  setLines(evidence, [line(0), { ...line(1), output: `${OUTPUT}/bat-1/runs/1.md` }]);
}

function addTaskFailure(workflow: Workflow | undefined, cause: number): void {
  workflow?.events.unshift({ workflowTaskFailedEventAttributes: { cause } });
}

function nameBatch(workflow: Workflow | undefined, id: string): void {
  if (workflow !== undefined) workflow.memo = { llamacloudBatchId: id };
}

function failRun(workflow: Workflow | undefined): void {
  if (workflow === undefined) return;
  workflow.status = 'FAILED';
  workflow.events = [
    {
      workflowExecutionFailedEventAttributes: {
        failure: { message: 'odd', applicationFailureInfo: { type: 'UnexpectedResponse' } },
      },
    },
  ];
}

function stopRun({ workflows, jobs }: Scenario): void {
  const [workflow] = workflows;
  if (workflow !== undefined) workflow.status = 'CANCELLED';
  jobs.push({ id: 'pjb-9', batchId: 'bat-1', fileId: 'dfl-2', status: 'RUNNING' });
}
