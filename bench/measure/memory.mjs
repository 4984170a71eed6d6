// The memory of a fresh worker over batches of several sizes.
import { randomUUID } from 'node:crypto';
import { completedBatch } from '../stage.mjs';

export async function memory(stage, { sizes, say }) {
  const rows = [];
  for (const size of sizes) {
    const { id: batchId } = await completedBatch(stage, size);
    const worker = await stage.freshWorker();
    const workflowId = `memory-${randomUUID().slice(0, 8)}`;
    const started = performance.now();
    await stage.client.workflow.execute('processBatch', { workflowId, taskQueue: 'llamacloud', args: [{ batchId }] });
    const seconds = (performance.now() - started) / 1_000;
    rows.push({ files: size, peakBytes: await worker.peakMemory(), heapBytes: await worker.heapUsed(), seconds });
    say(`memory over ${size} files: ${Math.round(rows.at(-1).peakBytes / 2 ** 20)} MiB in ${seconds.toFixed(0)} s`);
  }
  return rows;
}
