import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootFailure } from '../../src/index.js';
import { parseAll } from '../support/directories.js';
import { failureOf } from '../support/failure.js';
import { openNamespace } from '../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../support/test-environment.js';

/** Half of a surrogate pair can't be encoded as UTF-8. */
const HALF = 'dir-\ud83d';
const CONTROLS = '\u0000\u001b\u0085'.repeat(500);
/** Temporal takes 2 MB. */
const LONG = 'x'.repeat(1_900_000);

const batch = parseInput('dir-1');
const job = {
  fileId: 'dfl-1',
  jobId: 'pjb-1',
  type: 'parse_v2',
  batchId: 'bat-1',
  timeoutMs: 60_000,
};
const directories = parseAll(['dir-1']);
const create = { ...batch, scope: {}, onStop: 'cancel' };

/** Each kind of bad value: in these fields at once, as the tests of the input have them one by one. 1.9 MB are for the first one. */
function inFields(input: object, ...fields: string[]): [string, unknown[]][] {
  const fill = (value: unknown) => ({ ...input, ...Object.fromEntries(fields.map((field) => [field, value])) });
  return [
    [`half a surrogate pair in ${fields}`, [fill(HALF)]],
    [`control characters in ${fields}`, [fill(CONTROLS)]],
    [`1.9 MB in ${fields[0]}`, [{ ...input, [`${fields[0]}`]: LONG }]],
    [`a number in ${fields}`, [fill(1e300)]],
    [`null in ${fields}`, [fill(null)]],
    [`an object that has no text in ${fields}`, [fill({ toString: 1 })]],
  ];
}

/** What is wrong for every workflow, given an input that is right. */
function wrongFor(input: object): [string, unknown[]][] {
  return [
    ['no argument', []],
    ['null', [null]],
    ['a text', [HALF]],
    ['a number', [0]],
    ['a list', [[input]]],
    ['an unknown key of 1.9 MB', [{ ...input, [LONG]: 1 }]],
    ['an unknown key with half a surrogate pair', [{ ...input, [HALF]: HALF }]],
    ['100,000 unknown keys', [{ ...input, ...Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [i, 1])) }]],
  ];
}

/** Only continue-as-new may give a second argument. */
function madeUp(input: object): [string, unknown[]][] {
  return [
    ['null as a made-up second argument', [input, null]],
    ['a made-up second argument', [input, { phase: HALF, opened: { input }, batch: { batchId: HALF } }]],
  ];
}

const HOSTILE: Record<string, [string, unknown[]][]> = {
  processBatch: [
    ...wrongFor(batch),
    ...madeUp(batch),
    ...inFields(batch, 'directoryId', 'job', 'batchId', 'projectId', 'timeout'),
    ['half a surrogate pair as the child’s workflow type', [{ ...batch, child: { workflowType: HALF } }]],
    ['half a surrogate pair as the child’s task queue', [{ ...batch, child: { taskQueue: HALF } }]],
    ['an id that leads to another route', [{ ...batch, batchId: '..' }]],
  ],
  processDirectories: [
    ...wrongFor(directories),
    ...madeUp(directories),
    ...inFields(directories, 'directoryIds', 'job'),
    ['half a surrogate pair in a directory', [parseAll([HALF])]],
    ['1.9 MB in a directory', [parseAll([LONG])]],
    ['100,000 directories', [parseAll(Array.from({ length: 100_000 }, (_, i) => `dir-${i}`))]],
    ['10,000 wrong directories', [parseAll(Array.from({ length: 10_000 }, (_, i) => `${i}${'\ud83d'.repeat(9)}`))]],
  ],
  processJob: [
    ...wrongFor(job),
    ...inFields(job, 'fileId', 'jobId', 'type', 'collectTaskQueue', 'timeoutMs'),
    ['a number as the time', [{ ...job, timeoutMs: 1e300 }]],
    ['1.9 MB as the task queue', [{ ...job, collectTaskQueue: LONG }]],
    ['half a surrogate pair in a file that is collected locally', [{ ...job, fileId: HALF, collectLocally: true }]],
    ['an object that has no text as the name', [{ ...job, name: { toString: 1 } }]],
    ['half a surrogate pair in the name, and a wrong job', [{ ...job, name: HALF, jobId: '' }]],
  ],
  createBatch: [
    ...wrongFor(create).filter(([what]) => !what.includes('unknown key')),
    ...madeUp(create),
    ...inFields(create, 'directoryId'),
    ...inFields(batch.job, 'configurationId').map(([what, [job]]): [string, unknown[]] => [what, [{ ...create, job }]]),
    ['no job', [{ ...create, job: null }]],
    ['no scope', [{ ...create, scope: null }]],
  ],
};

describe('input that anybody may give a workflow, from the UI or by the command line, on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
  });

  afterAll(() => env?.close());

  test.each(Object.entries(HOSTILE))(
    '%s ends with a failure that can be read, sends nothing, and leaves its worker in order',
    async (workflowType, table) => {
      const before = env.emulator.requests.length;
      for (const [index, [what, args]] of table.entries()) {
        const workflowId = `bad-${workflowType}-${index}`;
        const run = await env.client.workflow.start(workflowType, { workflowId, taskQueue: env.taskQueue, args });
        const failure = rootFailure(await within(what, failureOf(run.result())));
        expect({ what, type: failure.type }).toEqual({ what, type: 'InvalidInput' });
        expect(failure.message.isWellFormed(), what).toBe(true);
        expect(failure.message.length, what).toBeLessThan(20_000);
      }
      expect(env.emulator.requests).toHaveLength(before);

      const { id } = await env.emulator.addDirectory(files(1));
      const report = await (await env.batches.startDirectories(parseAll([id]))).result();
      expect(report.files).toMatchObject({ total: 1, completed: 1 });
    },
  );
});

/** A workflow that can't end says nothing: says which it was. */
async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: the workflow does not end`)), 100_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
