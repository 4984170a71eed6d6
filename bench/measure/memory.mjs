// The memory of a fresh worker over batches of several sizes.
import { randomUUID } from 'node:crypto';
import { completedBatch } from '../environment.mjs';

export async function memory(environment, { sizes, say }) {
  const rows = [];
  for (const size of sizes) {
    const { id: batchId } = await completedBatch(environment, size);
    const worker = await environment.freshWorker();
    const workflowId = `memory-${randomUUID().slice(0, 8)}`;
    const started = performance.now();
    await environment.client.workflow.execute('processBatch', {
      workflowId,
      taskQueue: 'llamacloud',
      args: [{ batchId }],
    });
    const seconds = (performance.now() - started) / 1_000;
    rows.push({ files: size, peakBytes: await worker.peakMemory(), heapBytes: await worker.heapUsed(), seconds });
    say(`memory over ${size} files: ${Math.round(rows.at(-1).peakBytes / 2 ** 20)} MiB in ${seconds.toFixed(0)} s`);
  }
  return rows;
}
