/** A workflow that puts a ready queue through many scenarios within one workflow task. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { ReadyQueue } from '../../src/workflows/shared/ready-queue.js';

/** Times are counted in steps: all that can go on does so within each. */
export interface QueueScenario {
  limit: number;
  items: { readyAt: number; takes: number; hasBug: boolean }[];
  /** When the scope is cancelled. */
  cancelAt: number | null;
  /** The queue is stopped when so many items are done. */
  stopAfter: number | null;
  /** When it is closed with an error, as when the waiting fails. */
  failAt: number | null;
}

export interface QueueTrace {
  outcome: 'done' | 'cancelled' | 'failed';
  /** Index and step of each item that was started, in this order. */
  started: { index: number; at: number }[];
  /** Items that were processed to their end. */
  finished: number[];
  mostRunning: number;
  runningAtEnd: number;
  /** When the queue was stopped, cancelled or failed, or an item had its bug. */
  endedAt: number | null;
  /** Most steps in a row in which an item was ready, there was room for it, and none was started. */
  longestIdle: number;
}

export async function runQueues(scenarios: QueueScenario[]): Promise<QueueTrace[]> {
  const traces: QueueTrace[] = [];
  for (const scenario of scenarios) traces.push(await runQueue(scenario));
  return traces;
}

async function runQueue({ limit, items, cancelAt, stopAfter, failAt }: QueueScenario): Promise<QueueTrace> {
  const queue = new ReadyQueue<number>(() => limit);
  const scope = new CancellationScope();
  const trace: QueueTrace = {
    ...{ outcome: 'done', started: [], finished: [], mostRunning: 0, runningAtEnd: 0, endedAt: null, longestIdle: 0 },
  };
  let step = 0;
  let running = 0;
  const isStopped = () => stopAfter !== null && trace.finished.length >= stopAfter;
  const end = () => {
    trace.endedAt ??= step;
  };
  const process = async (index: number) => {
    const { takes = 0, hasBug = false } = items[index] ?? {};
    trace.started.push({ index, at: step });
    running += 1;
    trace.mostRunning = Math.max(trace.mostRunning, running);
    try {
      const until = step + takes;
      await condition(() => step >= until);
      if (hasBug) {
        end();
        throw new TypeError('a bug in workflow code');
      }
      trace.finished.push(index);
      if (isStopped()) end();
    } catch (error) {
      // As in the fan-out: what is cancelled takes its time to end, and is no failure.
      if (!isCancellation(error)) throw error;
      const until = step + 2;
      await CancellationScope.nonCancellable(() => condition(() => step >= until));
    } finally {
      running -= 1;
    }
  };
  const isOver = scope
    .run(() => queue.run(process, isStopped))
    .then(
      () => 'done' as const,
      (error: unknown) => (isCancellation(error) ? 'cancelled' : 'failed'),
    )
    .then((outcome) => {
      trace.outcome = outcome;
      trace.runningAtEnd = running;
      return true;
    });
  let over = false;
  isOver.finally(() => {
    over = true;
  });
  let idle = 0;
  const lastReadyAt = Math.max(0, ...items.map(({ readyAt }) => readyAt));
  for (; !over; step++) {
    for (const [index, { readyAt }] of items.entries()) if (readyAt === step) queue.add(index);
    if (step === failAt) {
      end();
      queue.close(new Error('the waiting failed'));
    } else if (step === lastReadyAt) queue.close();
    if (step === cancelAt) {
      end();
      scope.cancel();
    }
    const startedBefore = trace.started.length;
    await nextStep();
    const ready = items.filter(({ readyAt }) => readyAt <= step).length;
    const hasRoom = running < limit && ready > trace.started.length;
    idle = hasRoom && trace.started.length === startedBefore && trace.endedAt === null && !over ? idle + 1 : 0;
    trace.longestIdle = Math.max(trace.longestIdle, idle);
  }
  return trace;
}

/** Temporal checks the conditions when nothing else can go on. */
async function nextStep(): Promise<void> {
  let checks = 0;
  await condition(() => checks++ > 0);
}
