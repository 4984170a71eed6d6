// Replays histories against the workflows as they are built now: whole, and cut before each workflow task, as a worker that does not
// have the workflow in its cache gets them.
import { Worker } from '@temporalio/worker';
import { WORKFLOW_BUNDLE } from './bundle.mjs';

/** Replays what is pushed, one after the other. */
export class Replayer {
  failures = [];
  replayed = 0;
  #queue = [];
  #wake = () => undefined;
  #isClosed = false;
  #done = this.#run();

  /** Adds the history of a workflow. @param cuts Whether to add its cuts as well. */
  push({ workflowId, history: { events } }, { cuts }) {
    for (const part of cuts ? cutAtTasks(events) : [events])
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

/** The whole history, and what a worker gets for each of its workflow tasks. */
function cutAtTasks(events) {
  const cuts = events.flatMap(({ workflowTaskStartedEventAttributes: started }, index) =>
    started ? [events.slice(0, index + 1)] : [],
  );
  return [...cuts, events];
}
