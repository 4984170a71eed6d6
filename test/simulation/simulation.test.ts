import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const SIMULATE = fileURLToPath(new URL('../../scripts/simulate/simulate.mjs', import.meta.url));

/** A short `npm run simulate`. A second worker would cost CI more than the scenarios do. */
test('fifty scenarios of faults, rival runs, cancels, resets and dying workers hold', async () => {
  const simulate = spawn(process.execPath, [SIMULATE, '--seeds', '50', '--files', '4', '--workers', '1'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    simulate.kill('SIGTERM');
  });
  let printed = '';
  for (const stream of [simulate.stdout, simulate.stderr]) {
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  }
  const [code] = await once(simulate, 'close');
  expect(code, printed).toBe(0);
  expect(printed).toMatch(/^50 seeds in \d+ s: 50 held, 0 failed$/m);
});
