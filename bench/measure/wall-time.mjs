// From the first request of a run to its last document, for jobs that end over half a minute, and what it costs in requests: ours,
// the baseline, and the vendor's SDK as its documentation has it.
import { LlamaCloud } from '@llamaindex/llama-cloud';
import { jobsOf, store } from '../baseline/activities.mjs';
import { files, JOB, median, startEnvironment } from '../environment.mjs';

export async function wallTime({ count, spreadMs, repeats, say }) {
  const environment = await startEnvironment({ batchPendingMs: 200, batchRunningMs: 800, jobSpreadMs: spreadMs });
  const ways = { ours, baseline, vendor };
  const runs = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [name, way] of Object.entries(ways)) {
        const directory = await environment.emulator.addDirectory(files(count));
        const asked = environment.emulator.requests.length;
        await way(environment, directory.id);
        const requests = environment.emulator.requests.slice(asked);
        const ofJobs = requests.filter(({ path }) => path.startsWith('/api/v2/parse'));
        const seconds = (Date.now() - requests[0].atMs) / 1_000;
        runs[name].push({ seconds, requests: requests.length, jobRequests: ofJobs.length });
        say(`wall time, repeat ${repeat + 1}: ${name} ${JSON.stringify(runs[name].at(-1))}`);
      }
    }
  } finally {
    await environment.close();
  }
  return Object.entries(runs).map(([name, all]) => {
    const middle = (key) => median(all.map((run) => run[key]));
    // The rest is of the batch: its create, the polls of it, its results, the names of its files.
    const requestsPerFile = middle('jobRequests') / count;
    return { name, seconds: middle('seconds'), requests: middle('requests'), requestsPerFile };
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

/** A loop for the batch, which has no wait helper; for the jobs the SDK's own, all at once. */
async function vendor({ emulator, output }, directoryId) {
  const client = new LlamaCloud({ apiKey: emulator.apiKey, baseURL: emulator.url });
  const config = { job: { type: JOB.type, configuration_id: JOB.configurationId } };
  const { id } = await client.batches.create({ source_directory_id: directoryId, config });
  while ((await client.batches.get(id)).status !== 'COMPLETED')
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  const jobs = jobsOf(await client.batches.get(id, { expand: ['results'] }));
  await Promise.all(
    jobs.map(async ({ fileId, jobId }) => {
      const result = await client.parsing.waitForCompletion(jobId, { expand: ['markdown'] });
      await store({ output, batchId: id, fileId }, result);
    }),
  );
}
