import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { TARGETS } from '../../../../src/testing/emulator/index.js';
import { type CliResult, cli } from '../../cli-process.js';
import { type BatchesEnvironment, CREATE, KEY, startBatchesEnvironment } from './batches-environment.js';

let environment: BatchesEnvironment;

beforeAll(async () => {
  environment = await startBatchesEnvironment();
});

afterAll(() => environment?.emulator.close());

const SIGNATURE = 'PLANTED-SIGNATURE';
/** In no variable, and in no option that takes a key. */
const MISPLACED = 'llx-misplaced-0123456789';
const URL_WITH_SECRETS = `https://files.example/a.pdf?X-Amz-Signature=${SIGNATURE}&key=${KEY}`;

/** Runs `batches` with the key in `--api-key`, and in no variable. */
async function runWithFlag(args: readonly string[], isTTY = false): Promise<CliResult> {
  const { url } = environment.emulator;
  return await cli(['batches', ...args, '--api-key', KEY], { LLAMA_CLOUD_BASE_URL: url }, { isTTY });
}

function expectNoSecret({ stdout, stderr }: CliResult): void {
  expect(stdout + stderr).not.toBe('');
  expect(stdout + stderr).not.toContain(KEY);
  expect(stdout + stderr).not.toContain(SIGNATURE);
}

it.each([false, true])('prints no key and no presigned URL of a response, in a terminal: %s', async (isTTY) => {
  const { id } = await environment.createBatch();
  const odd = {
    note: `see ${URL_WITH_SECRETS}`,
    files: [{ download_url: URL_WITH_SECRETS }],
    echo: `Bearer ${KEY}`,
    quoted: `"${KEY}"`,
    error_message: `failed: ${URL_WITH_SECRETS}`,
    status: `S ${URL_WITH_SECRETS}`,
  };
  for (const target of [TARGETS.getBatch, TARGETS.cancelBatch, TARGETS.createBatch]) {
    onTestFinished(environment.emulator.rewrite(target, (body) => Object.assign({}, body, odd)));
  }
  for (const args of [['get', id], CREATE, ['cancel', id]]) {
    const result = await runWithFlag(args, isTTY);
    expect(result.code).toBe(0);
    expectNoSecret(result);
    // What is no secret is still there.
    expect(result.stdout).toContain('https://files.example/a.pdf?[redacted]');
    if (!isTTY) expect(JSON.parse(result.stdout)).toMatchObject({ quoted: '"[redacted]"' });
  }
});

it.each([['get', 'bat-1'], CREATE, ['list'], ['cancel', 'bat-1']])(
  'prints no key and no presigned URL of an error, also with --debug: %s',
  async (...args) => {
    const detail = `key ${KEY}, ${URL_WITH_SECRETS}`;
    environment.emulator.faults.next({ kind: 'status', status: 500, detail, times: 2 });
    for (const flags of [['--debug'], ['--debug', '--json']]) {
      const result = await runWithFlag([...args, ...flags]);
      expect(result.code).toBe(1);
      expectNoSecret(result);
    }
  },
);

it.each([
  [[`--apikey=${MISPLACED}`]],
  [[MISPLACED]],
  [[MISPLACED, '--help']],
  [['get', 'bat-1', '--page-size', MISPLACED]],
  [['list', '--page-size', MISPLACED]],
  [[`--project=${MISPLACED}`, 'list']],
  [['list', '--api-key', `Bearer ${MISPLACED}`, '--debug']],
  [['list', '--api-key', `"${MISPLACED}"`, '--json']],
])('prints no key that is where none belongs: %j', async (args) => {
  const { code, stdout, stderr } = await environment.run(...args);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: /);
  expect(stdout + stderr).not.toContain(MISPLACED);
});

it('prints no value of an option that it does not know', async () => {
  const { code, stderr } = await environment.run('list', '--apikey=any-secret');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: unknown option '--apikey'\n/);
});
