import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ManifestLine } from '../../src/index.js';
import { ANY_CREDENTIALS, createBucket, startS3Server, toAwsEnvironment } from '../support/s3/server.js';
import { until } from '../support/until.js';
import { CliProcess, cliProcess, readJson } from './cli-process.js';

const EXAMPLES = fileURLToPath(new URL('../../examples/documents', import.meta.url));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-dev-'));
  const documents = join(folder, 'my documents');
  await mkdir(join(documents, 'below'), { recursive: true });
  await copyFile(join(EXAMPLES, 'damaged-scan.pdf'), join(documents, 'damaged.pdf'));
  await copyFile(join(EXAMPLES, 'price-list.pdf'), join(documents, 'Préisliste.pdf'));
  await writeFile(join(documents, 'below', 'notes.md'), '# Notes\n');
  await writeFile(join(documents, 'two\nlines.txt'), 'text');
  await writeFile(join(documents, '.hidden'), 'left out');
  await promisify(execFile)('mkfifo', [join(documents, 'pipe')]);
  await symlink(join(documents, 'below'), join(documents, 'link'));
  await symlink(join(documents, 'pipe'), join(documents, 'to the pipe'));
});

afterAll(() => rm(folder, { recursive: true }));

describe('dev', () => {
  it('processes a folder: a document for each file, a failed file in the table, and it ends with nothing running', async () => {
    await mkdir(join(folder, 'out put'));
    await writeFile(join(folder, 'out put', 'earlier.md'), 'of an earlier run');
    const dev = new CliProcess(['dev', 'my documents', '--output', 'out put'], { cwd: folder });
    onTestFinished(async () => {
      await dev.stop('SIGKILL');
    });
    await dev.waitForOutput(/Processing/);
    const started = await descendantsOf(dev.pid);
    expect(started).not.toEqual([]);
    const { code, stdout, stderr } = await dev.end();
    const leftOut = 'Left out: .hidden (hidden), link (linked folder), pipe (not a file), to the pipe (not a file)\n';
    // On a busy machine, Temporal's SDK warns of slow workflow tasks and queries.
    const shown = stderr.replace(/^WARN (\[TMPRL1104\]|Query not found).*\n/gm, '');
    expect({ code, shown }).toEqual({ code: 0, shown: leftOut });

    expect(stdout).toContain('4 files in');
    expect(stdout).toContain('4 files: 3 completed, 1 failed.');
    expect(stdout).toMatch(/^ {2}damaged\.pdf +FAILED +.*can't be read/m);
    expect(stdout).toMatch(/^ {2}two lines\.txt +COMPLETED +two lines\.txt\.[0-9a-f]{12}\.md$/m);
    expect(stdout).toMatch(
      /^Temporal UI {2}http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/llamacloud%2Fdir-my-documents%2Fparse_v2%2Fcfg-PARSE_AGENTIC\/[\w-]+\/history$/m,
    );

    const manifest = /^Manifest {5}(.*)$/m.exec(stdout)?.[1] ?? '';
    expect(manifest.startsWith(join(folder, 'out put', 'bat-'))).toBe(true);
    expect(stdout).toContain(`\nDocuments    ${dirname(manifest)}\n`);
    const lines = await manifestAt(manifest);
    expect(lines.map(({ name, status }) => [name, status])).toEqual([
      ['Préisliste.pdf', 'COMPLETED'],
      ['below/notes.md', 'COMPLETED'],
      ['damaged.pdf', 'FAILED'],
      ['two lines.txt', 'COMPLETED'],
    ]);
    const notes = lines.find(({ name }) => name === 'below/notes.md');
    expect(await readFile(notes?.output ?? '', 'utf8')).toContain('# Notes');
    expect(await readFile(join(folder, 'out put', 'earlier.md'), 'utf8')).toBe('of an earlier run');

    await until('the end of what it started', () => started.every(isGone));
  });

  it('stores the documents in S3, and says where they are', async () => {
    const output = `s3://${await createBucket()}/documents`;
    const env = toAwsEnvironment(await startS3Server(), ANY_CREDENTIALS);
    const { code, stdout, stderr } = await cliProcess(['dev', 'my documents', '--output', output], {
      cwd: folder,
      env,
    });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^ {2}two lines\.txt +COMPLETED +two lines\.txt\.[0-9a-f]{12}\.md$/m);
    const manifest = /^Manifest {5}(.*)$/m.exec(stdout)?.[1] ?? '';
    expect(manifest).toMatch(new RegExp(`^${output}/bat-[\\w-]+/manifest\\.jsonl$`));
    expect(stdout).toContain(`\nDocuments    ${dirname(manifest)}\n`);
  });

  it.each([
    ['s3://missing', "--output s3://missing can't be written to: the bucket does not exist"],
    ['s3://', '--output is wrong: s3:// needs the name of a bucket'],
    ['gs://bucket', '--output is wrong: gs:// is not supported as output'],
  ])('exits 2 for %s, before it starts anything', async (output, problem) => {
    const env = toAwsEnvironment(await startS3Server(), ANY_CREDENTIALS);
    const result = await cliProcess(['dev', 'my documents', '--output', output], { cwd: folder, env });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(problem);
  });

  it('exits 1 when the run fails, says why, and prints one document under --json', async () => {
    const args = [
      'dev',
      'my documents',
      '--output',
      'unused',
      '--job',
      'extract_v2',
      '--configuration',
      'cfg-PARSE_AGENTIC',
      '--json',
    ];
    const result = await cliProcess(args, { cwd: folder });
    expect(result.code).toBe(1);
    expect(readJson(result)).toMatchObject({ ok: false, error: { type: 'RequestRejected' } });
    expect(result.stderr).toContain('The run failed. RequestRejected: ');
  });

  it('ends with everything that it has started on Ctrl-C in the middle of a start', async () => {
    const dev = new CliProcess(['dev', 'my documents', '--output', 'interrupted'], { cwd: folder });
    onTestFinished(async () => {
      await dev.stop('SIGKILL');
    });
    await dev.waitForOutput(/Starting a worker/);
    const started = await descendantsOf(dev.pid);
    expect(started).not.toEqual([]);
    const { code, stdout } = await dev.stop('SIGINT');
    expect(code).toBe(130);
    expect(stdout).toContain('Stopping…');
    await until('the end of what it started', () => started.every(isGone));
  });
});

async function manifestAt(path: string): Promise<ManifestLine[]> {
  const text = await readFile(path, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line): ManifestLine => JSON.parse(line));
}

/** The processes that a process has started, and those that they have. */
async function descendantsOf(pid: number | undefined): Promise<number[]> {
  const children = (await runningProcesses()).filter((one) => one.parent === pid).map((one) => one.pid);
  const below = await Promise.all(children.map(descendantsOf));
  return [...children, ...below.flat()];
}

async function runningProcesses(): Promise<{ pid: number; parent: number }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
      return { pid, parent };
    });
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
