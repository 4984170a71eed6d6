import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const SOAK = fileURLToPath(new URL('../../scripts/soak/soak.mjs', import.meta.url));

/** A short `npm run soak`: all workers and then one are killed, the server is killed and restarted, 30 % of the requests fail. */
test('nothing is lost and nothing doubled when workers and the server are killed and requests fail', async () => {
  const args = ['--files', '30', '--kills', '2', '--fault-rate', '0.3', '--seed', '11'];
  const soak = spawn(process.execPath, [SOAK, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    soak.kill('SIGTERM');
  });
  let printed = '';
  for (const stream of [soak.stdout, soak.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const [code] = await once(soak, 'close');
  expect(code, printed).toBe(0);
  expect(printed).toContain('killing the Temporal server');
  expect(printed).toMatch(/batches created +1\n/);
  expect(printed).toMatch(/documents out +30\n/);
  expect(printed).toMatch(/wrong documents +0\n/);
  expect(printed).toContain('Passed: nothing lost, nothing duplicated.');
});
