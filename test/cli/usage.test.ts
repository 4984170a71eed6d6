import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, readJson } from './cli-process.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-usage-'));
});

afterAll(() => rm(folder, { recursive: true }));

describe('temporal-llamacloud', () => {
  it('prints help and exits 0 when asked for it, and 2 when there is no command', async () => {
    const [asked, bare, ofDev] = await Promise.all([cli(['--help']), cli([]), cli(['dev', '--help'])]);
    expect(asked.code).toBe(0);
    for (const name of ['dev', 'worker', 'emulator', 'setup', 'start', 'progress', 'cancel', 'schedule']) {
      expect(asked.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    }
    expect(bare).toMatchObject({ code: 2, stdout: '' });
    expect(bare.stderr).toContain('Usage: temporal-llamacloud');
    expect(ofDev.code).toBe(0);
    expect(ofDev.stdout).toMatch(/Examples:\n {2}\$ temporal-llamacloud dev/);
    expect(ofDev.stdout).not.toContain('--address');
  });

  it.each([
    [['progres', 'x'], "unknown command 'progres'", 'Did you mean progress?'],
    [['dev', '--job', 'parse'], "option '--job <type>' argument 'parse' is invalid", 'temporal-llamacloud dev --help'],
    [['start', '--job', 'parse_v2'], '--directory, --configuration: needed, unless --batch', ''],
    [['start', '--batch', 'bat-1', '--job', 'parse_v2'], '--job and --configuration go together', ''],
    [[...startFlags(), '--timeout', '30'], "option '--timeout <duration>' argument '30' is invalid", '30s, 5m or 12h'],
    [[...startFlags(), '--max-failed-percent', '101'], "'--max-failed-percent <p>' argument '101'", '0 to 100'],
    [[...startFlags(), '--collect', 'record'], '--collect record does not fit --job parse_v2', ''],
    [[...startFlags(), '--only-failed'], '--only-failed needs --batch', ''],
    [[...startFlags(), '--max-concurrent-batches', '2'], '--max-concurrent-batches needs more than one', ''],
    [[...startFlags(), '--directory', 'dir-1'], "'--directory <id>' argument 'dir-1' is invalid", 'given twice'],
    [[...startFlags(), '--directory', 'dir-2', '--batch', 'bat-1'], '--batch and --only-failed are for one batch', ''],
    [['start', '--directory', 'dir-1', '--directory', 'dir-2'], '--job and --configuration are needed', ''],
    [[...scheduleFlags(), '--every', '6h', '--directory', 'dir-2'], '--directory can be given once here', ''],
    [scheduleFlags(), 'A schedule needs --cron or --every', '--every 6h'],
    [[...scheduleFlags(), '--cron', '0 2 * * *', '--time-zone', 'Mars'], "argument 'Mars' is invalid", 'Europe/Berlin'],
    [['emulator', '--directory', 'dir-1'], "'--directory <id=path>' argument 'dir-1' is invalid", 'ID=PATH'],
    [['emulator', '--directory', 'dir-1=/nowhere'], '--directory dir-1: there is no folder /nowhere', ''],
  ])('says in a sentence what is wrong with %j, and exits 2', async (args, sentence, hint) => {
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('    at ');
  });

  it('answers a usage error under --json with one document', async () => {
    const result = await cli(['dev', '/nowhere', '--json']);
    expect(result.code).toBe(2);
    expect(readJson(result)).toEqual({
      ok: false,
      error: { type: 'Usage', message: 'There is no folder /nowhere', hint: expect.any(String) },
    });
  });

  it('says that Temporal can not be reached, where, and what to do', async () => {
    const { code, stderr } = await cli(['progress', 'some-run', '--address', '127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: Temporal can't be reached at 127\.0\.0\.1:1\nhint: .*--address/);
  });

  it('lists every problem of the configuration of a worker, and none of its secrets', async () => {
    const env = { LLAMA_CLOUD_BASE_URL: 'nonsense', LLAMACLOUD_OUTPUT: 'gopher://x' };
    const { code, stderr } = await cli(['worker', '--debug'], { env });
    expect(code).toBe(2);
    for (const name of ['LLAMA_CLOUD_API_KEY', 'LLAMA_CLOUD_BASE_URL', 'LLAMACLOUD_OUTPUT']) {
      expect(stderr).toMatch(new RegExp(`^ {2}- ${name}`, 'm'));
    }
    const withKey = await cli(['worker', '--debug', '--address', '127.0.0.1:1'], {
      env: { LLAMA_CLOUD_API_KEY: 'llx-do-not-show', LLAMACLOUD_OUTPUT: folder },
    });
    expect(withKey.code).toBe(1);
    expect(withKey.stderr).toMatch(/ {4}at /);
    expect(withKey.stdout + withKey.stderr).not.toContain('llx-do-not-show');
  });
});

it('refuses to start a worker whose documents could go nowhere', async () => {
  const file = join(folder, 'a file in the way');
  await writeFile(file, '');
  for (const output of [file, '/proc/x']) {
    const env = { LLAMA_CLOUD_API_KEY: 'llx-any', LLAMACLOUD_OUTPUT: output };
    const { code, stderr } = await cli(['worker'], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: Could not write to .*\nhint: Set LLAMACLOUD_OUTPUT/);
  }
});

describe('dev, before anything starts', () => {
  it('refuses a folder that is not there, a file, a folder without documents', async () => {
    await mkdir(join(folder, 'empty'));
    await writeFile(join(folder, 'empty', '.hidden'), 'x');
    await writeFile(join(folder, 'file.txt'), 'x');
    const refused = async (path: string) => {
      const { code, stdout, stderr } = await cli(['dev', path], { cwd: folder });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      return stderr;
    };
    expect(await refused('nowhere')).toContain('There is no folder nowhere');
    expect(await refused('file.txt')).toContain('file.txt is not a folder');
    expect(await refused('empty')).toContain('There are no documents in empty');
  });

  it('refuses more files than a batch takes', async () => {
    const many = join(folder, 'many');
    await mkdir(join(many, 'below'), { recursive: true });
    await Promise.all(
      Array.from({ length: 1_001 }, (_, n) => writeFile(join(many, n % 2 ? 'below' : '.', `${n}.txt`), `${n}`)),
    );
    const { code, stderr } = await cli(['dev', many]);
    expect(code).toBe(2);
    expect(stderr).toContain('has more than 1,000 files');
  });

  it('refuses an output that can not be written to', async () => {
    await mkdir(join(folder, 'documents'));
    await writeFile(join(folder, 'documents', 'a.txt'), 'a');
    for (const output of ['file.txt', 'file.txt/below', '/proc/below']) {
      const { code, stderr } = await cli(['dev', 'documents', '--output', output], { cwd: folder });
      expect(code).toBe(2);
      expect(stderr).toContain(`--output ${output} can't be written to`);
    }
  });

  it('refuses the address of another Temporal', async () => {
    const { code, stderr } = await cli(['dev', '--address', 'localhost:7233']);
    expect(code).toBe(2);
    expect(stderr).toContain('dev starts a Temporal of its own');
  });
});

function startFlags(): string[] {
  return ['start', '--directory', 'dir-1', '--job', 'parse_v2', '--configuration', 'cfg-PARSE_AGENTIC'];
}

function scheduleFlags(): string[] {
  return ['schedule', 'create', '--id', 'nightly', ...startFlags().slice(1)];
}
