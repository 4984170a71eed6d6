// How late the end of a batch is noticed, and how soon after a `wake` signal.
import { randomUUID } from 'node:crypto';
import { eventTimeMs, JOB, makeFiles, median } from '../environment.mjs';
import { DAY, findLastCompleted, IMPLEMENTATIONS, toInput, waitUntil } from './polls.mjs';

/**
 * How late the end of a batch is noticed, in real time: the time-skipping server gives an activity the time of its previous
 * attempt, which matters in short waits. The batches wait at the same time and end at different times between two polls.
 */
export async function measureDetection({ start, waits, batches, log }) {
  const environment = await start({ batchRunningMs: DAY });
  try {
    const rows = [];
    for (const waitedMs of waits) {
      for (const name of ['ours', 'baseline']) {
        const waiting = Array.from({ length: batches }, (_, index) =>
          endAfter(environment, IMPLEMENTATIONS[name], waitedMs * (1 + (0.2 * index) / batches)),
        );
        const runs = await Promise.all(waiting);
        const late = runs.map((run) => run.lateMs);
        rows.push({
          name,
          waitedMs,
          medianLateMs: median(late),
          mostLateMs: Math.max(...late),
          mostLateShare: Math.max(...runs.map((run) => run.lateMs / run.waitedMs)),
          requests: median(runs.map((run) => run.requests)),
        });
        log(`batches of ${waitedMs / 1_000} s: ${JSON.stringify(rows.at(-1))}`);
      }
    }
    return rows;
  } finally {
    await environment.close();
  }
}

/** Runs a batch that ends `waitedMs` after its creation. */
async function endAfter({ emulator, client }, { type, poll }, waitedMs) {
  const { id: directoryId } = await emulator.addDirectory(makeFiles(1));
  const workflowId = `end-${randomUUID()}`;
  const handle = await client.workflow.start(type, {
    workflowId,
    taskQueue: 'llamacloud',
    args: [toInput(type, directoryId)],
  });
  const batch = await waitUntil(() =>
    emulator.batches.list().find((candidate) => candidate.directoryId === directoryId),
  );
  await new Promise((resolve) => setTimeout(resolve, batch.createdAtMs + waitedMs - Date.now()));
  const endedMs = Date.now();
  const requests = emulator.requests.filter(({ path }) => path === `/api/v2/batches/${batch.id}`).length;
  emulator.batches.finish(batch.id);
  await handle.result();
  const events = (await handle.fetchHistory()).events ?? [];
  return {
    waitedMs: endedMs - batch.createdAtMs,
    lateMs: eventTimeMs(findLastCompleted(events, poll)) - endedMs,
    requests,
  };
}

/** Time from a `wake` signal to the poll of the batch, on a real server, with a poll interval of an hour. */
export async function measureWaking({ start, repeats, log }) {
  const environment = await start({ batchRunningMs: DAY });
  const delays = [];
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const { id: directoryId } = await environment.emulator.addDirectory(makeFiles(1));
      const workflowId = `wake-${randomUUID()}`;
      const poll = { initialInterval: '1 hour', maximumInterval: '1 hour' };
      const args = [{ directoryId, job: JOB, poll }];
      const handle = await environment.client.workflow.start('processBatch', {
        workflowId,
        taskQueue: 'llamacloud',
        args,
      });
      const batch = await waitUntil(() =>
        environment.emulator.batches.list().find((candidate) => candidate.directoryId === directoryId),
      );
      await waitUntil(() => environment.emulator.requests.filter(({ path }) => path.endsWith(batch.id)).length > 0);
      environment.emulator.batches.finish(batch.id);
      await handle.signal('wake');
      await handle.result();
      const events = (await handle.fetchHistory()).events ?? [];
      const signaled = events.findIndex((event) => event.workflowExecutionSignaledEventAttributes);
      const polled = events.slice(signaled).find((event) => event.activityTaskCompletedEventAttributes);
      delays.push(eventTimeMs(polled) - eventTimeMs(events[signaled]));
    }
  } finally {
    await environment.close();
  }
  log(`wake: polled after ${delays.map((delay) => delay.toFixed(0)).join(', ')} ms`);
  return { medianMs: median(delays), mostMs: Math.max(...delays) };
}
