import { expect, test } from 'vitest';
import { REDRIVE_LABEL } from '../../../src/protocol/index.js';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { until } from '../../support/until.js';
import { PARSE, setWork } from '../batch/support.js';
import { run } from '../support.js';

const EXTRACT = { type: 'extract_v2', configurationId: 'cfg-EXTRACT_AGENTIC' } as const;

/** A batch with one job, and how its new jobs are found. */
async function setFailed(job: typeof PARSE | typeof EXTRACT) {
  const { env, work } = await setWork({ listLagMs: 0 });
  const { emulator, llamacloud, activities } = env;
  const { directoryId } = work;
  const create = () => llamacloud.createBatch({ sourceDirectoryId: directoryId, job });
  // The job of an earlier batch over the same directory is older.
  await create();
  const createdAtMs = Date.now();
  await until('the next millisecond', () => Date.now() > createdAtMs);
  const { id: batchId } = await create();
  const failed = emulator.jobs.list().find((each) => each.batchId === batchId);
  const failedId = failed?.id ?? '';
  emulator.jobs.setStatus(failedId, 'FAILED', 'internal error');
  const fileId = failed?.fileId ?? '';
  const opened = await run(activities.openRedrive, { scope: {}, directoryId, job, fileId, jobId: failedId });
  const file = { scope: {}, fileId, job, batchJobId: failedId, fileInput: opened.fileInput };
  const input = { ...file, createdAt: opened.createdAt, knownIds: [failedId], wait: false };
  const find = (options: object = {}) => run(activities.findRedrivenJobs, { ...input, ...options });
  const post = async () => (await run(activities.postJob, file)).jobId;
  return { env, opened, find, post };
}

test.each([PARSE, EXTRACT])(
  'a new job is found, and none that is older, known or of another configuration: $type',
  async (job) => {
    const { env, find, post, opened } = await setFailed(job);
    expect(opened).toMatchObject({ reason: null, credits: 0 });
    expect(await find()).toEqual([]);
    const id = await post();
    const configurationId = job.type === 'parse_v2' ? 'cfg-PARSE_FAST' : 'cfg-EXTRACT_COST_EFFECTIVE';
    if (job.type === 'parse_v2') await env.llamacloud.createParseJob({ fileId: opened.fileInput, configurationId });
    expect((await find()).map((found) => found.id)).toEqual([id]);
    expect(await find({ knownIds: [id] })).toEqual([]);
  },
);

test('an older extract job is not taken if LlamaCloud ignores the time', async () => {
  const { env, find } = await setFailed(EXTRACT);
  env.emulator.rewrite(TARGETS.listJobs, (body) => ({
    ...Object(body),
    items: [{ ...Object(body).items[0], id: 'ext-old', status: 'COMPLETED', created_at: '2020-01-01T00:00:00Z' }],
  }));
  expect(await find()).toEqual([]);
});

test('a parse job with the label of another job is not taken', async () => {
  const { env, find, opened } = await setFailed(PARSE);
  await env.llamacloud.createParseJob({
    fileId: opened.fileInput,
    configurationId: PARSE.configurationId,
    userMetadata: { [REDRIVE_LABEL]: 'pjb-another' },
  });
  expect(await find()).toEqual([]);
});

test('a lost job is waited for as long as the list may lag', async () => {
  const { find, post } = await setFailed(PARSE);
  // `listLagMs` is 0: the list is read once.
  expect(await find({ wait: true })).toEqual([]);
  const id = await post();
  expect((await find({ wait: true, expectedId: id })).map((found) => found.id)).toEqual([id]);
});
