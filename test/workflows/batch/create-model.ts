/** LlamaCloud as `createBatch` sees it, and what Temporal does to that workflow: a model for its properties. */
import { ActivityFailure, ApplicationFailure, CancelledFailure, RetryState } from '@temporalio/common';
import fc from 'fast-check';
import type { FindCreatedBatchInput, WaitUntilListedInput } from '../../../src/activities/batch/find-created-batch.js';
import type { CreatedBatch, PreexistingBatches } from '../../../src/activities/types.js';

/** What a POST does, and what comes back. LlamaCloud's list shows a batch within the minute that `findCreatedBatch` waits. */
type Post =
  | { response: 'rejected' | 'limited' }
  | { response: 'created'; isListedLate: boolean }
  /** `unavailable`: 503. `worker lost`: the activity itself ended without a failure of ours. */
  | { response: 'lost' | 'unavailable' | 'worker lost'; hasEffect: boolean; isListedLate: boolean };

export interface Scenario {
  posts: Post[];
  /** Number of the activity or timer during which the workflow is cancelled. */
  cancelledAt: number | null;
  /** Whether the cancellation comes together with the end of the activity or timer, which it then does not reject. */
  endsTogether: boolean;
  /** Whether the workflow continues as new after each POST that fails. */
  continuesAsNew: boolean;
  /** Number of the look at the list that LlamaCloud rejects for good. */
  listFailsAt: number | null;
  /**
   * How Temporal cancels a POST. `unsent`: no worker has taken it yet. `paused`: it was sent, and its worker was lost while a person had
   * paused it. Of both, Temporal says that the activity was not started.
   */
  cancelledPost: 'unsent' | 'paused' | 'sent';
}

interface ModelBatch {
  id: string;
  listedAtMinute: number;
  status: string;
}

/** LlamaCloud, and what Temporal does to the workflow. */
export class Model {
  readonly batches: ModelBatch[] = [];
  readonly memo: Record<string, unknown> = {};
  unknownPosts = 0;
  /** Also those with a response of 503, and those of which Temporal says that they were not started. */
  mayHavePosts = 0;
  #looks = 0;
  /** POSTs that were sent without a look at the list since the one before. */
  blindPosts = 0;
  #hasListed = false;
  wasCancelled = false;
  /** The cancellation reached the execution that is running now. */
  isCancelled = false;
  continuedFrom: string | undefined;
  #minute = 0;
  #steps = 0;
  #nonCancellable = 0;
  #posts: Post[];

  constructor(readonly scenario: Scenario) {
    this.#posts = [...scenario.posts];
  }

  get isCancellable(): boolean {
    return this.#nonCancellable === 0;
  }

  async nonCancellable<T>(run: () => Promise<T>): Promise<T> {
    this.#nonCancellable += 1;
    try {
      return await run();
    } finally {
      this.#nonCancellable -= 1;
    }
  }

  /** An activity or a timer that a cancellation ends at once. */
  async step<T>(run: () => T): Promise<T> {
    const wasCancelled = this.isCancelled;
    const endsTogether = this.#begin() && this.scenario.endsTogether && !wasCancelled;
    await Promise.resolve();
    if (this.isCancelled && this.isCancellable && !endsTogether) throw new CancelledFailure('cancelled');
    return run();
  }

  /** Whether this step is the one that is cancelled. */
  #begin(): boolean {
    const isCancelledNow = this.#steps === this.scenario.cancelledAt;
    this.#steps += 1;
    if (isCancelledNow) this.isCancelled = this.wasCancelled = true;
    return isCancelledNow;
  }

  async post(): Promise<CreatedBatch> {
    if (this.isCancelled) throw new CancelledFailure('cancelled before it was scheduled');
    const isCancelledNow = this.#begin() && !this.scenario.endsTogether;
    await Promise.resolve();
    if (isCancelledNow && this.scenario.cancelledPost === 'unsent') throw this.#toNotStarted();
    if (!this.#hasListed) this.blindPosts += 1;
    this.#hasListed = false;
    const post = this.#posts.shift() ?? { response: 'created', isListedLate: false };
    const hasEffect = post.response === 'created' || ('hasEffect' in post && post.hasEffect);
    const id = `bat-${this.batches.length}`;
    if (hasEffect) {
      const listedAtMinute = 'isListedLate' in post && post.isListedLate ? this.#minute + 1 : this.#minute;
      this.batches.push({ id, listedAtMinute, status: 'PENDING' });
    }
    if (isCancelledNow && this.scenario.cancelledPost === 'paused') throw this.#toNotStarted();
    if (post.response === 'created') return { batchId: id, status: 'PENDING' };
    if (post.response === 'lost' || post.response === 'worker lost') this.unknownPosts += 1;
    if (post.response !== 'rejected' && post.response !== 'limited') this.mayHavePosts += 1;
    throw asActivityFailure(toFailure(post.response, isCancelledNow));
  }

  #toNotStarted(): ActivityFailure {
    this.mayHavePosts += 1;
    return asActivityFailure(new CancelledFailure('cancelled', ['ACTIVITY_ID_NOT_STARTED']));
  }

  #look(): void {
    const isRejected = this.#looks === this.scenario.listFailsAt;
    this.#looks += 1;
    if (isRejected) throw asActivityFailure(ApplicationFailure.nonRetryable('401.', 'NotAuthorized'));
    this.#hasListed = true;
  }

  find({ preexisting, wait }: FindCreatedBatchInput): CreatedBatch | null {
    this.#look();
    const find = () =>
      this.batches.find(
        ({ id, listedAtMinute }) => !preexisting.batchIds.includes(id) && listedAtMinute <= this.#minute,
      );
    let found = find();
    if (found === undefined && wait) {
      this.#minute += 1;
      found = find();
    }
    return found === undefined ? null : { batchId: found.id, status: found.status };
  }

  waitUntilListed({ batchId }: WaitUntilListedInput): void {
    if (!this.listed.some(({ id }) => id === batchId)) this.#minute += 1;
  }

  get listed(): ModelBatch[] {
    return this.batches.filter(({ listedAtMinute }) => listedAtMinute <= this.#minute);
  }

  list(): PreexistingBatches {
    this.#look();
    const { listed } = this;
    return { sinceMs: 0, batchIds: listed.map(({ id }) => id), withoutId: 0 };
  }

  cancelBatch(batchId: string): string {
    const batch = this.batches.find(({ id }) => id === batchId);
    if (batch === undefined) throw new Error(`there is no ${batchId}`);
    batch.status = 'CANCELLED';
    return batch.status;
  }
}

function toFailure(response: Exclude<Post['response'], 'created'>, isCancelled: boolean): Error {
  if (response === 'rejected' && !isCancelled) return ApplicationFailure.nonRetryable('402.', 'OutOfCredits');
  if (response === 'worker lost') return new Error('heartbeat timeout');
  const details = {
    mayHaveCreatedBatch: response === 'lost' || response === 'unavailable',
    ...(response === 'unavailable' && { isCreateUnlikely: true }),
    retryDelayMs: 1_000,
  };
  if (isCancelled) return new CancelledFailure('cancelled', [details]);
  return ApplicationFailure.nonRetryable(response, 'ServiceUnavailable', details);
}

function asActivityFailure(cause: Error): ActivityFailure {
  return new ActivityFailure('Activity task failed', 'postBatch', '1', RetryState.NON_RETRYABLE_FAILURE, 'me', cause);
}

const post: fc.Arbitrary<Post> = fc.oneof(
  fc.record({ response: fc.constantFrom('rejected' as const, 'limited' as const) }),
  fc.record({ response: fc.constant('created' as const), isListedLate: fc.boolean() }),
  fc.record({
    response: fc.constantFrom('lost' as const, 'unavailable' as const, 'worker lost' as const),
    hasEffect: fc.boolean(),
    isListedLate: fc.boolean(),
  }),
);

/** Whatever LlamaCloud responds, and whenever the workflow is cancelled. */
export const scenario: fc.Arbitrary<Scenario> = fc.record({
  posts: fc.array(post, { maxLength: 8 }),
  cancelledAt: fc.option(fc.nat(20), { freq: 2 }),
  endsTogether: fc.boolean(),
  continuesAsNew: fc.boolean(),
  listFailsAt: fc.option(fc.nat(6), { freq: 1 }),
  cancelledPost: fc.constantFrom('unsent', 'paused', 'sent'),
});
