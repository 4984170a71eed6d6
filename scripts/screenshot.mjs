// `node scripts/screenshot.mjs`, after a build: runs a batch over the example documents and takes the README's screenshots of it in
// the Temporal UI. Needs Chromium, at CHROMIUM_PATH or /usr/bin/chromium.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { SEARCH_ATTRIBUTE_KEYS } from '../dist/client/search-attributes.js';
import { BatchClient } from '../dist/index.js';
import { startLlamaCloudEmulator, startLocalTemporal } from '../dist/testing/index.js';
import { startWorker } from '../dist/worker.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = await mkdtemp(join(tmpdir(), 'screenshot-'));
const temporal = await startLocalTemporal({ ui: true, searchAttributes: SEARCH_ATTRIBUTE_KEYS });
const emulator = await startLlamaCloudEmulator({
  batchRunningMs: 3_000,
  jobRunningMs: 2_000,
  jobSpreadMs: 4_000,
  seed: 3,
});
const worker = await startWorker({
  llamacloud: { apiKey: emulator.apiKey, baseUrl: emulator.url },
  output,
  temporal: { connection: { address: temporal.address }, namespace: 'default', taskQueue: 'llamacloud' },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
});
try {
  const { id } = await emulator.addDirectory(join(root, 'examples', 'documents'), { id: 'dir-examples' });
  const batches = new BatchClient({ client: temporal.client });
  const run = await batches.start({ directoryId: id, job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } });
  const page = await browser.newPage({ viewport: { width: 1440, height: 1460 }, deviceScaleFactor: 1 });
  const takeScreenshot = async (name, path, clip, findElement) => {
    await page.goto(`${temporal.uiUrl}/namespaces/default/${path}`);
    await findElement().first().waitFor();
    await page.waitForLoadState('networkidle');
    // The details are rendered later than the rest, in a frame of their own.
    await page.waitForTimeout(2_000);
    await page.screenshot({ path: join(root, 'docs', 'images', `${name}.png`), clip: { x: 256, y: 48, ...clip } });
  };
  const address = `workflows/${encodeURIComponent(run.workflowId)}/${run.runId}`;
  await run.result();
  await takeScreenshot('timeline', `${address}/timeline`, { width: 1184, height: 1400 }, () =>
    page.getByText('damaged-scan.pdf'),
  );
  await takeScreenshot('details', `${address}/user-metadata`, { width: 1184, height: 900 }, () =>
    page.getByText('Current Details'),
  );
} finally {
  await browser.close();
  await worker.stop();
  await emulator.close();
  await temporal.close();
  await rm(output, { recursive: true });
}
