// Replays histories against the workflows as they are built now: whole, and cut at workflow tasks, as a worker that does not have the
// workflow in its cache gets them.
import { Worker } from '@temporalio/worker';
import { cutAtTasks } from '../cut-histories.mjs';
import { WORKFLOW_BUNDLE } from './bundle.mjs';

/** Replays what is pushed, one after the other. */
export class Replayer {
  failures = [];
  replayed = 0;
  #queue = [];
  #wake = () => undefined;
  #isClosed = false;
  #done = this.#run();

  /**
   * Adds the history of a workflow, and some of its cuts.
   *
   * @param choose Gets the cuts of a history, and returns those to replay.
   */
  push({ workflowId, history: { events } }, choose) {
    for (const part of [...choose(cutAtTasks(events)), events])
      this.#queue.push({ workflowId, history: { events: part } });
    this.#wake();
  }

  /** Replays what is left. */
  async close() {
    this.#isClosed = true;
    this.#wake();
    await this.#done;
  }

  async #run() {
    const options = { workflowBundle: { codePath: WORKFLOW_BUNDLE } };
    for await (const { workflowId, error } of Worker.runReplayHistories(options, this.#take())) {
      this.replayed += 1;
      if (error !== undefined) this.failures.push(`${workflowId}: ${error.message}`);
    }
  }

  async *#take() {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else if (this.#isClosed) return;
      else {
        await new Promise((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
