// Memory of a new worker process, by the size of the batch.
import { randomUUID } from 'node:crypto';
import { createCompletedBatch } from '../environment.mjs';

export async function measureMemory(environment, { sizes, log }) {
  const rows = [];
  for (const size of sizes) {
    const { id: batchId } = await createCompletedBatch(environment, size);
    const worker = await environment.restartWorker();
    const workflowId = `memory-${randomUUID().slice(0, 8)}`;
    const started = performance.now();
    await environment.client.workflow.execute('processBatch', {
      workflowId,
      taskQueue: 'llamacloud',
      args: [{ batchId }],
    });
    const seconds = (performance.now() - started) / 1_000;
    rows.push({ files: size, peakBytes: await worker.peakMemory(), heapBytes: await worker.heapUsed(), seconds });
    log(`memory over ${size} files: ${Math.round(rows.at(-1).peakBytes / 2 ** 20)} MiB in ${seconds.toFixed(0)} s`);
  }
  return rows;
}
