// Time from the first request of a run to its last document, for jobs that end spread over half a minute, and its requests: ours, the
// baseline, and a script with the vendor's SDK, written as in its documentation.
import { LlamaCloud } from '@llamaindex/llama-cloud';
import { storeDocument, toJobs } from '../baseline/activities.mjs';
import { JOB, makeFiles, median } from '../environment.mjs';

export async function measureWallTime({ start, count, spreadMs, repeats, log }) {
  const environment = await start({ batchPendingMs: 200, batchRunningMs: 800, jobSpreadMs: spreadMs });
  const implementations = { ours, baseline, vendor };
  const runs = Object.fromEntries(Object.keys(implementations).map((name) => [name, []]));
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [name, run] of Object.entries(implementations)) {
        const directory = await environment.emulator.addDirectory(makeFiles(count));
        const earlierRequests = environment.emulator.requests.length;
        await run(environment, directory.id);
        const requests = environment.emulator.requests.slice(earlierRequests);
        const jobRequests = requests.filter(({ path }) => path.startsWith('/api/v2/parse'));
        const seconds = (Date.now() - requests[0].atMs) / 1_000;
        runs[name].push({ seconds, requests: requests.length, jobRequests: jobRequests.length });
        log(`wall time, repeat ${repeat + 1}: ${name} ${JSON.stringify(runs[name].at(-1))}`);
      }
    }
  } finally {
    await environment.close();
  }
  return Object.entries(runs).map(([name, all]) => {
    const medianOf = (key) => median(all.map((result) => result[key]));
    // Without the requests for the batch: its create, its polls, its results, the names of its files.
    const requestsPerFile = medianOf('jobRequests') / count;
    return { name, seconds: medianOf('seconds'), requests: medianOf('requests'), requestsPerFile };
  });
}

async function ours({ client }, directoryId) {
  const workflowId = `wall-${directoryId}`;
  const args = [{ directoryId, job: JOB }];
  await client.workflow.execute('processBatch', { workflowId, taskQueue: 'llamacloud', args });
}

async function baseline({ client }, directoryId) {
  const workflowId = `wall-${directoryId}`;
  const args = [{ directoryId, configurationId: JOB.configurationId }];
  await client.workflow.execute('baselineBatch', { workflowId, taskQueue: 'llamacloud', args });
}

/** Polls the batch in a loop, since the SDK has no helper for it, and waits for all jobs at once with the SDK's helper. */
async function vendor({ emulator, output }, directoryId) {
  const client = new LlamaCloud({ apiKey: emulator.apiKey, baseURL: emulator.url });
  const config = { job: { type: JOB.type, configuration_id: JOB.configurationId } };
  const { id } = await client.batches.create({ source_directory_id: directoryId, config });
  while ((await client.batches.get(id)).status !== 'COMPLETED')
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  const jobs = toJobs(await client.batches.get(id, { expand: ['results'] }));
  await Promise.all(
    jobs.map(async ({ fileId, jobId }) => {
      const result = await client.parsing.waitForCompletion(jobId, { expand: ['markdown'] });
      await storeDocument({ output, batchId: id, fileId }, result);
    }),
  );
}
