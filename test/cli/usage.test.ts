import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliProcess, cli, cliProcess, MAIN, readJson } from './cli-process.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-usage-'));
});

afterAll(() => rm(folder, { recursive: true }));

describe('temporal-llamacloud', () => {
  it('prints help and exits 0 when asked for it, and 2 when there is no command', async () => {
    const [asked, bare, ofDev] = await Promise.all([cli(['--help']), cli([]), cli(['dev', '--help'])]);
    expect(asked.code).toBe(0);
    for (const name of [
      'dev',
      'worker',
      'webhooks',
      'emulator',
      'setup',
      'start',
      'list',
      'progress',
      'watch',
      'pause',
      'resume',
      'set-max-concurrent-jobs',
      'cancel',
      'account',
      'schedule',
      'batches',
    ]) {
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
    [['start', '--job', 'parse_v2'], 'Missing: --directory, --configuration', '--batch for an existing batch'],
    [['start', '--batch', 'bat-1', '--job', 'parse_v2'], '--job and --configuration go together', ''],
    [[...startFlags(), '--timeout', '30'], "option '--timeout <duration>' argument '30' is invalid", '30s, 5m or 12h'],
    [[...startFlags(), '--max-failed-percent', '101'], "'--max-failed-percent <percent>' argument '101'", '0 to 100'],
    [
      [...startFlags(), '--collect', 'record'],
      '--collect record is not a result of --job parse_v2',
      'extract_v2 has record',
    ],
    [
      [...startFlags(), '--only-missing'],
      '--only-missing needs --batch',
      'Give the batch whose missing documents are collected',
    ],
    [[...startFlags(), '--redrive'], '--redrive needs --batch', 'Give the batch whose failed jobs are made again'],
    [
      ['start', '--batch', 'bat-1', '--redrive', '--retry-failed', '0'],
      '--redrive and --retry-failed 0 contradict',
      '',
    ],
    [[...startFlags(), '--max-concurrent-batches', '2'], '--max-concurrent-batches needs more than one', ''],
    [[...startFlags(), '--directory', 'dir-1'], "'--directory <id>' argument 'dir-1' is invalid", 'given twice'],
    [
      [...startFlags(), '--directory', 'dir-2', '--batch', 'bat-1'],
      '--batch and --only-missing can not be given with more than one',
      '',
    ],
    [['start', '--directory', 'dir-1', '--directory', 'dir-2'], '--job and --configuration are needed', ''],
    [
      [...scheduleFlags(), '--every', '6h', '--directory', 'dir-2'],
      'This command takes one --directory',
      'Only start takes many',
    ],
    [scheduleFlags(), 'A schedule needs --cron or --every', '--every 6h'],
    [[...scheduleFlags(), '--cron', '0 2 * * *', '--time-zone', 'Mars'], "argument 'Mars' is invalid", 'Europe/Berlin'],
    [['webhooks', '--port', '65536'], "'--port <port>' argument '65536' is invalid", 'from 0 to 65535'],
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

  it.each([
    [['help', 'nope'], "unknown command 'nope'", 'temporal-llamacloud --help'],
    [['nope', '--help'], "unknown command 'nope'", 'temporal-llamacloud --help'],
    [['help', 'progres'], "unknown command 'progres'", 'Did you mean progress?'],
    [['progres', '--help'], "unknown command 'progres'", 'Did you mean progress?'],
    [['schedule', 'creat', '--help'], "unknown command 'creat'", 'Did you mean create?'],
    [['help', 'schedule', 'creat'], "unknown command 'creat'", 'Did you mean create?'],
    [['batch', 'create', '--help'], "unknown command 'batch'", 'Did you mean batches?'],
    [['batches', 'creat', '--help'], "unknown command 'creat'", 'Did you mean create?'],
    [['batches', '--debug', 'creat', '--help'], "unknown command 'creat'", 'Did you mean create?'],
    [['batches', '--project-id', 'prj-1', 'lst', '-h'], "unknown command 'lst'", 'Did you mean list?'],
    [['help', 'batches', 'gett'], "unknown command 'gett'", 'Did you mean get?'],
    [['batches', 'delete', '--help'], "unknown command 'delete'", 'the commands are create, list, get, cancel'],
    [['help', 'progress', 'run'], "unknown command 'run'", 'temporal-llamacloud progress --help'],
  ])('has no help for %j, which is no command', async (args, sentence, hint) => {
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain(hint);
  });

  it('prints the help of a command with help COMMAND and with COMMAND --help', async () => {
    const [withHelp, withFlag, general] = await Promise.all([
      cli(['help', 'schedule', 'create']),
      cli(['schedule', 'create', '--help']),
      cli(['help']),
    ]);
    expect(withHelp).toMatchObject({ code: 0, stdout: expect.stringContaining('schedule create [options]') });
    expect(withHelp.stdout).toBe(withFlag.stdout);
    expect(general.stdout).toMatch(/^ {2}dir-\.\.\. .*LlamaCloud directory/m);
    expect(general.stdout).toMatch(/^ {2}cfg-\.\.\. .*configuration/m);
    expect(general.stdout).toMatch(/^ {2}bat-\.\.\. .*batch/m);
    expect(general.stdout).toMatch(/^ {2}141 /m);
  });

  it('exits with 141, and prints no stack trace, when the reader of its output goes away', async () => {
    const reading = new CliProcess(['help']);
    reading.closeOutput();
    expect(await reading.end()).toEqual({ code: 141, stdout: '', stderr: '' });
  });

  it('says that its output can not be written', async () => {
    const command = `"${process.execPath}" "${MAIN}" help > /dev/full`;
    const { code, stderr } = await promisify(execFile)('sh', ['-c', command]).catch((error) => error);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: Could not write the output: ENOSPC.*\n$/);
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
    const { code, stderr } = await cli(['worker', '--debug'], env);
    expect(code).toBe(2);
    expect(stderr).not.toContain('not complete');
    expect(stderr).toContain('hint: Correct these settings');
    for (const name of ['LLAMA_CLOUD_API_KEY', 'LLAMA_CLOUD_BASE_URL', 'LLAMACLOUD_OUTPUT']) {
      expect(stderr).toMatch(new RegExp(`^ {2}- ${name}`, 'm'));
    }
    const withKey = await cliProcess(['worker', '--debug', '--address', '127.0.0.1:1'], {
      env: { LLAMA_CLOUD_API_KEY: 'llx-do-not-show', LLAMACLOUD_OUTPUT: folder },
    });
    expect(withKey.code).toBe(1);
    expect(withKey.stderr).toMatch(/ {4}at /);
    expect(withKey.stdout + withKey.stderr).not.toContain('llx-do-not-show');
  });
});

it.each([
  ['LLAMA_CLOUD_BASE_URL', 'https://api.cloud.llamaindex.ai/api/v2', 'leave out the path /api/v2'],
  ['LLAMA_CLOUD_API_KEY', 'llx-...', 'is a placeholder'],
  ['LLAMA_CLOUD_API_KEY', 'Bearer llx-1234567890', 'Bearer'],
])('refuses to start a worker with %s=%s', async (name, value, problem) => {
  const { code, stderr } = await cli(['worker'], { LLAMA_CLOUD_API_KEY: 'llx-1234567890', [name]: value });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: /);
  expect(stderr).toMatch(new RegExp(`- ${name} .*${problem}`));
});

it('refuses to start a worker whose documents could go nowhere', async () => {
  const file = join(folder, 'a file in the way');
  await writeFile(file, '');
  for (const output of [file, '/proc/x']) {
    const env = { LLAMA_CLOUD_API_KEY: 'llx-any', LLAMACLOUD_OUTPUT: output };
    const { code, stderr } = await cliProcess(['worker'], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: Could not write to .*\nhint: Set LLAMACLOUD_OUTPUT/);
  }
});

describe('dev, before anything starts', () => {
  it('refuses a folder that is not there, a file, a folder without files', async () => {
    await mkdir(join(folder, 'empty'));
    await writeFile(join(folder, 'empty', '.hidden'), 'x');
    await writeFile(join(folder, 'file.txt'), 'x');
    const refused = async (path: string) => {
      const { code, stdout, stderr } = await cliProcess(['dev', path], { cwd: folder });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      return stderr;
    };
    expect(await refused('nowhere')).toContain('There is no folder nowhere');
    expect(await refused('file.txt')).toContain('file.txt is not a folder');
    expect(await refused('empty')).toContain('There are no files in empty');
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
      const { code, stderr } = await cliProcess(['dev', 'documents', '--output', output], { cwd: folder });
      expect(code).toBe(2);
      expect(stderr).toContain(`--output ${output} can't be written to`);
    }
  });

  it('refuses an output in the input folder, and writes nothing there', async () => {
    const documents = join(folder, 'own documents');
    await mkdir(documents);
    await writeFile(join(documents, 'a.txt'), 'a');
    await symlink(documents, join(folder, 'link to documents'));
    for (const output of ['own documents', 'own documents/out', 'link to documents/out']) {
      const { code, stdout, stderr } = await cliProcess(['dev', 'own documents', '--output', output], { cwd: folder });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(`error: --output ${output} is inside the input folder\nhint: Give a folder outside`);
    }
    expect(await readdir(documents)).toEqual(['a.txt']);
  });

  it('names what it leaves out when nothing is left', async () => {
    const pipes = join(folder, 'pipes');
    await mkdir(pipes);
    await promisify(execFile)('mkfifo', [join(pipes, 'pipe')]);
    await symlink(join(pipes, 'pipe'), join(pipes, 'to the pipe'));
    const { code, stderr } = await cliProcess(['dev', 'pipes'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain('Left out: pipe (not a file), to the pipe (not a file)');
  });

  it('refuses the address of another Temporal', async () => {
    const { code, stderr } = await cli(['dev', '--address', 'localhost:7233']);
    expect(code).toBe(2);
    expect(stderr).toContain('dev starts its own Temporal server');
  });
});

function startFlags(): string[] {
  return ['start', '--directory', 'dir-1', '--job', 'parse_v2', '--configuration', 'cfg-PARSE_AGENTIC'];
}

function scheduleFlags(): string[] {
  return ['schedule', 'create', '--id', 'nightly', ...startFlags().slice(1)];
}
