import { activityInfo, Context } from '@temporalio/activity';
import { ACTIVITY_TASK_QUEUE_TYPE, describeAccountPause, type Pause, toAccountPause } from '../../protocol/index.js';
import { AccountPaused } from './account-paused.js';

/** How long what Temporal has said holds, in milliseconds: a page of a thousand files asks it a few times. */
const MAX_AGE_MS = 5_000;

/**
 * Whether a person has paused the account. Temporal then starts no activity of the task queue, but it does not know of local
 * activities: they ask.
 */
export class AccountPauseByHand {
  #readAtMs = Number.NEGATIVE_INFINITY;
  #pause: Promise<Pause | null> = Promise.resolve(null);

  /** @throws AccountPaused if this is a local activity, and the account is paused. */
  async assertNotPaused(): Promise<void> {
    if (!activityInfo().isLocal) return;
    const nowMs = performance.now();
    if (nowMs - this.#readAtMs > MAX_AGE_MS) {
      this.#readAtMs = nowMs;
      this.#pause = readAccountPause();
    }
    const pause = await this.#pause;
    if (pause !== null) throw new AccountPaused(describeAccountPause(pause), MAX_AGE_MS);
  }
}

/** A server that can't say it, such as one of before 1.29, has no such pause. */
async function readAccountPause(): Promise<Pause | null> {
  const { connection, options } = Context.current().client;
  try {
    const { config } = await connection.workflowService.describeTaskQueue({
      namespace: options.namespace,
      taskQueue: { name: activityInfo().taskQueue },
      taskQueueType: ACTIVITY_TASK_QUEUE_TYPE,
      reportConfig: true,
    });
    return toAccountPause(config);
  } catch {
    return null;
  }
}
