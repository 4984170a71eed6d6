/**
 * The workflow `createBatch` against a model of LlamaCloud, for each sequence of responses and a cancellation at each point. It runs as a plain
 * function, without a Temporal server, so that thousands of sequences take seconds.
 */
import { CancelledFailure } from '@temporalio/common';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { FindCreatedBatchInput, WaitUntilListedInput } from '../../../src/activities/batch/find-created-batch.js';
import type { CreatedBatch } from '../../../src/activities/types.js';
import {
  BATCH_ID_MEMO,
  isFailure,
  ON_STOP,
  type OnStop,
  PREEXISTING_BATCHES_MEMO,
} from '../../../src/protocol/index.js';
import { createBatch } from '../../../src/workflows/batch/create-batch.js';
import type { CreateBatchInput } from '../../../src/workflows/batch/create-input.js';
import type { CreateState } from '../../../src/workflows/batch/find-new-batch.js';
import { Model, type Scenario, scenario } from './create-model.js';

class ContinuedAsNew extends Error {
  constructor(readonly state: CreateState) {
    super();
  }
}

let model: Model;

vi.mock('@temporalio/workflow', async (importActual) => ({
  ...(await importActual<object>()),
  CancellationScope: {
    current: () => ({ consideredCancelled: model.isCancelled && model.isCancellable }),
    nonCancellable: (run: () => Promise<unknown>) => model.nonCancellable(run),
  },
  workflowInfo: () => ({
    workflowId: 'create',
    runId: 'run',
    continueAsNewSuggested: model.scenario.continuesAsNew,
    continuedFromExecutionRunId: model.continuedFrom,
  }),
  continueAsNew: (_input: CreateBatchInput, state: CreateState) => Promise.reject(new ContinuedAsNew(state)),
  upsertMemo: (memo: object) => Object.assign(model.memo, memo),
  sleep: () => model.step(() => undefined),
  setCurrentDetails: () => undefined,
  log: { warn: () => undefined, error: () => undefined },
}));

vi.mock('../../../src/workflows/shared/activities.js', () => {
  const activity = (run: (input: never) => unknown) => ({
    executeWithOptions: (_options: object, [input]: [never]) => model.step(() => run(input)),
  });
  return {
    PAST_PAUSE: {},
    findPreviousCreates: activity(() => ({ batch: null, preexisting: null })),
    listRecentBatches: activity(() => model.list()),
    findCreatedBatch: activity((input: FindCreatedBatchInput) => model.find(input)),
    waitUntilListed: activity((input: WaitUntilListedInput) => model.waitUntilListed(input)),
    postBatch: { executeWithOptions: () => model.post() },
    cancelBatch: activity(({ batchId }: { batchId: string }) => model.cancelBatch(batchId)),
    cancelJobs: activity(() => ({ cancelled: 0, notCancelled: [], filesWithoutJob: 0 })),
  };
});

const INPUT: CreateBatchInput = {
  directoryId: 'dir-1',
  job: { type: 'parse_v2', configurationId: 'cfg-1' },
  scope: {},
  onStop: 'cancel',
};

/** Runs the workflow. Returns its result, or what it threw. */
async function runScenario(given: Scenario, onStop: OnStop = 'cancel'): Promise<CreatedBatch | Error> {
  model = new Model(given);
  return execute({ ...INPUT, onStop });
}

async function execute(input: CreateBatchInput, continuedState?: CreateState): Promise<CreatedBatch | Error> {
  try {
    return await createBatch(input, continuedState);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!(error instanceof ContinuedAsNew)) return error;
    // Temporal cancels one execution, and not the one that follows.
    model.isCancelled = false;
    model.continuedFrom = 'the execution before';
    return execute(input, structuredClone(error.state));
  }
}

const RUNS = { numRuns: 3_000 };

test('lists before each POST', () =>
  fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      await runScenario(given);
      expect(model.blindPosts).toBe(0);
    }),
    RUNS,
  ));

test('creates one batch, and returns it or leaves none behind', () =>
  fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const ended = await runScenario(given);
      expect(model.batches.length).toBeLessThanOrEqual(1);
      const [created] = model.batches;
      if (ended instanceof Error) {
        // Cancelled, if there was one. If the list could not be read, a person is told to look.
        const isLeft = created !== undefined && created.status !== 'CANCELLED';
        if (isLeft) expect(ended.message).toMatch(/a batch over directory dir-1.* Look for it/);
        if (given.listFailsAt === null) expect(isLeft).toBe(false);
        if (given.listFailsAt === null && !model.wasCancelled) expect(created).toBeUndefined();
      } else {
        expect(ended.batchId).toBe(created?.id);
        expect(model.memo[BATCH_ID_MEMO]).toBe(created?.id);
        expect(created?.status).toBe(model.wasCancelled ? 'CANCELLED' : 'PENDING');
      }
    }),
    RUNS,
  ));

test('ends only when the list shows its batch, however it ends: the next create then knows that it was there before', () =>
  fc.assert(
    fc.asyncProperty(fc.record({ given: scenario, onStop: fc.constantFrom(...ON_STOP) }), async ({ given, onStop }) => {
      await runScenario(given, onStop);
      const known = model.batches.filter(({ id }) => id === model.memo[BATCH_ID_MEMO]);
      expect(model.listed).toEqual(expect.arrayContaining(known));
    }),
    RUNS,
  ));

test('remembers what was there before only while a POST has an unknown outcome', () =>
  fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const ended = await runScenario(given);
      if (ended instanceof Error && model.mayHavePosts === 0)
        expect(model.memo[PREEXISTING_BATCHES_MEMO]).toBeUndefined();
      if (model.unknownPosts > 0) expect(model.memo[PREEXISTING_BATCHES_MEMO]).toBeDefined();
    }),
    RUNS,
  ));

test('sends at most three POSTs of unknown outcome, and says what to look for', () =>
  fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const ended = await runScenario(given);
      expect(model.unknownPosts).toBeLessThanOrEqual(3);
      if (!(ended instanceof Error)) return;
      if (isFailure(ended, 'CreateOutcomeUnknown') && !model.wasCancelled) {
        expect(model.unknownPosts).toBe(3);
        expect(ended.message).toMatch(/3 POSTs may each have created a batch over directory dir-1/);
      }
      if (isFailure(ended, 'OutOfCredits'))
        expect(ended.message.includes('An earlier POST')).toBe(model.mayHavePosts > 0);
    }),
    RUNS,
  ));

test('ends as cancelled where it is cancelled, and fails only if a POST has an unknown outcome', () =>
  fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const ended = await runScenario(given);
      if (!(ended instanceof Error)) return;
      const endsAsCancelled = ended instanceof CancelledFailure;
      if (endsAsCancelled) expect(model.wasCancelled && model.unknownPosts === 0).toBe(true);
      if (isFailure(ended, 'CreateOutcomeUnknown')) {
        expect(model.unknownPosts).toBeGreaterThan(0);
        expect(ended.message).toMatch(
          /a batch over directory dir-1 may be running|3 POSTs may each have created a batch/,
        );
      }
    }),
    RUNS,
  ));
