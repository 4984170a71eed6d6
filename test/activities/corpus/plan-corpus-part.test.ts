import { chmod, mkdir, readFile, rename, rmdir, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BudgetedPart, PlannedSegment } from '../../../src/activities/corpus/plan-corpus-part.js';
import type { PlannedRecord } from '../../../src/activities/corpus/planned-files.js';
import { createActivities } from '../../../src/activities/index.js';
import { type CorpusLine, type CorpusRun, zeroEstimate } from '../../../src/protocol/index.js';
import { type CorpusSource, FolderSource, type OpenedSourceFile, SourceFileError } from '../../../src/sources/index.js';
import { putFile, sourceFolder, withoutPrivileges } from '../../sources/support.js';
import { type ActivityEnvironment, failing, run, startActivityEnvironment } from '../support.js';
import { corpusLine, corpusRun } from './support.js';

/** A source, and a run over it with the lines of an earlier one. */
async function newRun(
  files: Readonly<Record<string, string>>,
  lines: readonly CorpusLine[],
  fields: Partial<CorpusRun> = {},
) {
  const env = await startActivityEnvironment();
  const source = await sourceFolder(files);
  await chmod(env.output, 0o777);
  const corpus = corpusRun({ source, storeId: await env.outputs.id(), ...fields });
  if (lines.length > 0)
    await env.outputs.write(['legal', 'manifest.jsonl'], lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return { env, source, corpus };
}

async function records({ output }: ActivityEnvironment, name: string): Promise<PlannedRecord[]> {
  const text = await readFile(join(output, 'legal/runs/run-1', name), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): PlannedRecord => JSON.parse(line));
}

/** `path: what becomes of it`. */
function describeRecord(record: PlannedRecord): string {
  if (record.kind === 'process') return `${record.file.path}: process`;
  return `${record.line.path}: ${record.kind === 'remove' ? 'remove' : record.line.status}`;
}

async function planAll({ env, corpus }: Awaited<ReturnType<typeof newRun>>, room = 1_000) {
  const segments = [];
  let cursor: string | null = null;
  for (let segment = 0; ; segment++) {
    const planned: PlannedSegment = await run(env.activities.planCorpusPart, { run: corpus, cursor, segment, room });
    segments.push({ ...planned, records: (await records(env, planned.name)).map(describeRecord) });
    cursor = planned.cursor;
    if (planned.isLast) return segments;
  }
}

const token = async (source: string, path: string) => (await new FolderSource(source).open(path)).changeToken;

/** As a connection that is reset. */
async function* breakOff(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* content;
  throw new SourceFileError('the connection was cut off (ECONNRESET)');
}

const SHA256_OF_X = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';

describe('a plan', () => {
  test('ends a part when it is full, and goes on from there, without a path too many or too few', async () => {
    const files = Object.fromEntries(['a.md', 'b.md', 'c/d.md', 'e.md', 'f.md'].map((path) => [path, 'x']));
    const segments = await planAll(await newRun(files, []), 2);
    expect(segments.map((segment) => segment.records)).toEqual([
      ['a.md: process', 'b.md: process'],
      ['c/d.md: process', 'e.md: process'],
      ['f.md: process'],
    ]);
    expect(segments.map(({ planned, listed }) => [planned, listed])).toEqual([
      [2, 2],
      [2, 2],
      [1, 1],
    ]);
  });

  test('has what has changed, and not what only looks so', async () => {
    const setup = await newRun(
      { 'same.md': 'x', 'touched.md': 'x', 'changed.md': 'y', 'longer.md': 'xx', 'new.md': 'x' },
      [],
    );
    const { env, source, corpus } = setup;
    const line = async (path: string, fields: Partial<CorpusLine> = {}) =>
      corpusLine({ path, sha256: SHA256_OF_X, changeToken: await token(source, path), ...fields });
    const lines = [
      await line('changed.md', { changeToken: 'other' }),
      corpusLine({ path: 'gone.md' }),
      await line('longer.md', { changeToken: 'other' }),
      await line('same.md'),
      await line('touched.md', { changeToken: 'other' }),
    ];
    await env.outputs.write(['legal', 'manifest.jsonl'], lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const [segment] = await planAll(setup);
    expect(segment?.records).toEqual([
      'changed.md: process',
      'gone.md: GONE',
      'longer.md: process',
      'new.md: process',
      'same.md: COMPLETED',
      'touched.md: COMPLETED',
    ]);
    expect(segment).toMatchObject({ unchanged: 2, gone: 1, planned: 3, failed: 0, listed: 5 });
    const touched = (await records(env, segment?.name ?? '')).at(-1);
    // The next run need not read it.
    expect(touched).toMatchObject({ line: { changeToken: await token(source, 'touched.md') } });
    const removing = await planAll({ ...setup, corpus: { ...corpus, goneFiles: 'remove' } });
    expect(removing[0]?.records).toContain('gone.md: remove');
  });

  test.each([
    ['another configuration', { job: { type: 'parse_v2', configurationId: 'cfg-2' } } as const, {}, 'process'],
    ['another version', { configurationVersion: 'v2' }, { configurationVersion: 'v1' }, 'process'],
    [
      'a version that is not known any more',
      { configurationVersion: null },
      { configurationVersion: 'v1' },
      'COMPLETED',
    ],
    ['a version that was not known', { configurationVersion: 'v1' }, { configurationVersion: null }, 'COMPLETED'],
    ['another format', { collect: 'text' } as const, {}, 'process'],
    ['a failed job', {}, { status: 'FAILED', error: { type: 'JobFailed', message: '' } } as const, 'process'],
    [
      'a failed job that is kept',
      { failedFiles: 'keep' } as const,
      { status: 'FAILED', error: { type: 'JobFailed', message: '' } } as const,
      'FAILED',
    ],
    [
      'a failed batch, also where failed files are kept',
      { failedFiles: 'keep' } as const,
      { status: 'FAILED', error: { type: 'BatchFailed', message: '' } } as const,
      'process',
    ],
    ['a file that was skipped', {}, { status: 'SKIPPED', error: { type: 'Skipped', message: '' } } as const, 'process'],
    ['a file that has come back', {}, { status: 'GONE' } as const, 'COMPLETED'],
    ['a file that has come back, and has no document', {}, { status: 'GONE', output: null } as const, 'process'],
  ])('with %s', async (_, fields, line, expected) => {
    const setup = await newRun({ 'a.md': 'x' }, [], fields);
    const lines = [corpusLine({ path: 'a.md', changeToken: await token(setup.source, 'a.md'), ...line })];
    await setup.env.outputs.write(
      ['legal', 'manifest.jsonl'],
      lines.map((each) => `${JSON.stringify(each)}\n`).join(''),
    );
    expect((await planAll(setup))[0]?.records).toEqual([`a.md: ${expected}`]);
  });

  test('has a line for each file that can not be processed, and nothing worse', async () => {
    const long = `${'n'.repeat(200)}/`.repeat(4);
    const setup = await newRun(
      { 'empty.md': '', 'a.exe': 'x', noextension: 'x', [`${long}a.md`]: 'x', 'ok.md': 'x' },
      [],
    );
    await symlink('ok.md', join(setup.source, 'link.md'));
    const [segment] = await planAll(setup);
    expect(segment).toMatchObject({ planned: 1, failed: 5, listed: 6, eligible: 1 });
    const messages = segment?.failures.map(({ type, message }) => `${type}: ${message}`);
    expect(messages).toEqual([
      'FileRejected: LlamaCloud does not take files of its type',
      'FileRejected: it is empty',
      'FileRejected: it is a symbolic link, and links are not followed',
      'FileRejected: its path has more than 700 bytes',
      'FileRejected: it has no extension, which would say of what type it is',
    ]);
  });

  test('takes no file for gone that is in a folder which can not be read, also where a part ends there', async () => {
    const setup = await newRun({ 'a/1.md': 'x', 'b.md': 'x' }, [
      corpusLine({ path: 'a/1.md' }),
      corpusLine({ path: 'a/2.md' }),
      corpusLine({ path: 'a0.md' }),
    ]);
    await chmod(join(setup.source, 'a'), 0);
    // The store is open to whoever the test runs as.
    for (const folder of ['legal', '.tmp']) await chmod(join(setup.env.output, folder), 0o777);
    const segments = await withoutPrivileges(() => planAll(setup, 1));
    expect(segments.flatMap((segment) => segment.records)).toEqual([
      'a/: FAILED',
      'a/1.md: COMPLETED',
      'a/2.md: COMPLETED',
      'a0.md: GONE',
      'b.md: process',
    ]);
  });

  test('takes no file for gone that is in a folder which can not be read any more when a part has ended in it', async () => {
    const setup = await newRun({ 'a/1.md': 'x', 'a/2.md': 'x', 'b.md': 'x' }, [
      corpusLine({ path: 'a/2.md' }),
      corpusLine({ path: 'a/3.md' }),
      corpusLine({ path: 'a0.md' }),
    ]);
    const input = { run: { ...setup.corpus, goneFiles: 'remove' as const }, segment: 0, room: 1 };
    const { cursor } = await run(setup.env.activities.planCorpusPart, { ...input, cursor: null });
    expect(cursor).toBe('a/1.md');
    await chmod(join(setup.source, 'a'), 0);
    for (const folder of ['legal', 'legal/runs', 'legal/runs/run-1', '.tmp'])
      await chmod(join(setup.env.output, folder), 0o777);
    const planned = await withoutPrivileges(() =>
      run(setup.env.activities.planCorpusPart, { ...input, segment: 1, cursor }),
    );
    // No line of the folder: it would come before that of the file at which the part has ended.
    expect((await records(setup.env, planned.name)).map(describeRecord)).toEqual([
      'a/2.md: COMPLETED',
      'a/3.md: COMPLETED',
      'a0.md: remove',
      'b.md: process',
    ]);
    expect(planned).toMatchObject({ cursor: 'b.md', gone: 1, removals: 1, unchanged: 2, failed: 1 });
    expect(planned.failures).toMatchObject([{ path: 'a/', type: 'FileUnreadable' }]);
  });

  test('has its document again, unpaid, when a file that could not be read can be read', async () => {
    const setup = await newRun({ 'a.md': 'x' }, []);
    const line = corpusLine({ path: 'a.md', changeToken: await token(setup.source, 'a.md') });
    const { outputs } = setup.env;
    const manifest = ['legal', 'manifest.jsonl'];
    await outputs.write(manifest, `${JSON.stringify(line)}\n`);
    await rename(join(setup.source, 'a.md'), join(setup.source, 'b.md'));
    // A link is not read.
    await symlink('b.md', join(setup.source, 'a.md'));
    const [segment] = await planAll(setup);
    expect(segment?.records[0]).toBe('a.md: FAILED');
    const [record] = await records(setup.env, segment?.name ?? '');
    if (record?.kind !== 'line') throw new Error('there is no line');
    expect(record.line).toMatchObject({ output: line.output, sha256: line.sha256, error: { type: 'FileRejected' } });
    await outputs.write(manifest, `${JSON.stringify(record.line)}\n`);
    await rename(join(setup.source, 'b.md'), join(setup.source, 'a.md'));
    await outputs.write(
      manifest,
      `${JSON.stringify({ ...record.line, changeToken: await token(setup.source, 'a.md') })}\n`,
    );
    const [again] = await planAll(setup);
    expect(again).toMatchObject({ records: ['a.md: COMPLETED'], unchanged: 1, failed: 0 });
  });

  test.each([
    [
      'can not be opened',
      (): Promise<OpenedSourceFile> => Promise.reject(new SourceFileError('it may not be read (EACCES)')),
    ],
    [
      'breaks off',
      async (open: () => Promise<OpenedSourceFile>) => {
        const file = await open();
        return { ...file, content: breakOff(file.content) };
      },
    ],
  ])('keeps the document of a file that %s while it is compared, and sends nothing', async (_, change) => {
    const setup = await newRun({ 'a.md': 'x' }, [corpusLine({ path: 'a.md', sha256: SHA256_OF_X })]);
    const folder = new FolderSource(setup.source);
    const source: CorpusSource = {
      location: folder.location,
      list: (options) => folder.list(options),
      open: (path) => change(() => folder.open(path)),
    };
    const { llamacloud, outputs } = setup.env;
    const activities = createActivities({ llamacloud, outputs, openSource: async () => source });
    const [segment] = await planAll({ ...setup, env: { ...setup.env, activities } });
    expect(segment).toMatchObject({ records: ['a.md: FAILED'], planned: 0, failed: 1 });
    const [record] = await records(setup.env, segment?.name ?? '');
    if (record?.kind !== 'line') throw new Error('there is no line');
    expect(record.line).toMatchObject({ output: '/out/a.md', error: { type: 'FileUnreadable' } });
    await outputs.write(['legal', 'manifest.jsonl'], `${JSON.stringify(record.line)}\n`);
    expect((await planAll(setup))[0]).toMatchObject({ records: ['a.md: COMPLETED'], unchanged: 1, failed: 0 });
  });

  test('of a source in whose place is another folder is tried again, until the first one is back', async () => {
    const setup = await newRun({ 'a.md': 'x' }, [corpusLine({ path: 'a.md' })]);
    const { source, corpus, env } = setup;
    const { input: _, ...opened } = await run(env.activities.openCorpus, { source, output: 'legal', job: corpus.job });
    const input = { run: { ...corpus, ...opened }, cursor: null, segment: 0, room: 1 };
    await rename(source, `${source}-volume`);
    await mkdir(source);
    const failure = await failing(env.activities.planCorpusPart, input);
    expect(failure).toMatchObject({ type: 'SourceFailed', nonRetryable: false });
    expect(failure.message).toContain('another folder is there than when the run began');
    await rmdir(source);
    await rename(`${source}-volume`, source);
    expect(await run(env.activities.planCorpusPart, input)).toMatchObject({ listed: 1, gone: 0 });
  });

  test('of a source that is gone is tried again, and of a manifest that is damaged is not', async () => {
    const setup = await newRun({ 'a.md': 'x' }, []);
    const input = { run: setup.corpus, cursor: null, segment: 0, room: 1 };
    await rename(setup.source, `${setup.source}-moved`);
    const gone = await failing(setup.env.activities.planCorpusPart, input);
    expect(gone).toMatchObject({ type: 'SourceFailed', nonRetryable: false });
    await rename(`${setup.source}-moved`, setup.source);
    for (const text of [
      '{"path":""}\n',
      'x\n',
      [corpusLine({ path: 'b' }), corpusLine({ path: 'a' })].map((line) => `${JSON.stringify(line)}\n`).join(''),
    ]) {
      await setup.env.outputs.write(['legal', 'manifest.jsonl'], text);
      const damaged = await failing(setup.env.activities.planCorpusPart, input);
      expect(damaged).toMatchObject({ type: 'OutputFailed', nonRetryable: true });
    }
  });
});

test('a time that was set back does not hide a change', async () => {
  const setup = await newRun({ 'a.md': 'x' }, []);
  const old = await token(setup.source, 'a.md');
  await putFile(setup.source, 'a.md', 'y');
  await utimes(
    join(setup.source, 'a.md'),
    new Date(0),
    new Date(Number(BigInt(old.split('-')[0] ?? '0') / 1_000_000n)),
  );
  const lines = [corpusLine({ path: 'a.md', changeToken: old, sha256: SHA256_OF_X })];
  await setup.env.outputs.write(['legal', 'manifest.jsonl'], lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
  expect((await planAll(setup))[0]?.records).toEqual(['a.md: process']);
});

describe('a plan with a budget', () => {
  const budget = { maxCredits: 250, price: { low: 10, high: 10 }, selectsPages: false, partCredits: 25 };
  const newPart = () => ({ key: '', estimate: { ...zeroEstimate() } });

  test('ends a part before it costs more than a part may, or when it has one file', async () => {
    const files = { 'a.md': 'x', 'b.md': 'x', 'c.md': 'x'.repeat(9_000), 'd.md': 'x', 'e.mp3': 'x' };
    const setup = await newRun(files, [], { budget });
    const { env, corpus } = setup;
    const segments = [];
    let cursor: string | null = null;
    for (let segment = 0; segments.at(-1)?.isLast !== true; segment += 1) {
      const input = { run: corpus, cursor, segment, room: 1_000, budgeted: newPart() };
      const planned: PlannedSegment = await run(env.activities.planCorpusPart, input);
      segments.push(planned);
      cursor = planned.cursor;
    }
    const described = segments.map(async ({ name }) => (await records(env, name)).map(describeRecord));
    expect(await Promise.all(described)).toEqual([
      ['a.md: process', 'b.md: process'],
      ['c.md: process'],
      ['d.md: process', 'e.mp3: SKIPPED'],
    ]);
    expect(segments.map(({ isPartFull, listed, skipped }) => [isPartFull, listed, skipped])).toEqual([
      [true, 2, 0],
      [true, 1, 0],
      [false, 2, 1],
    ]);
    expect(segments.map(({ budgeted }) => budgeted?.estimate.credits)).toEqual([
      { low: 20, high: 20 },
      { low: 10, high: 50 },
      { low: 10, high: 10 },
    ]);
  });

  test('gives a part the same key, whatever segments it is planned in, and another one to other files', async () => {
    const setup = await newRun({ 'a.md': 'x', 'b.md': 'x' }, [], { budget });
    const plan = (corpus: CorpusRun, cursor: string | null, room: number, budgeted: BudgetedPart) =>
      run(setup.env.activities.planCorpusPart, { run: corpus, cursor, segment: 0, room, budgeted });
    const whole = await plan(setup.corpus, null, 1_000, newPart());
    const start = await plan(setup.corpus, null, 1, newPart());
    const end = await plan(setup.corpus, start.cursor, 1, start.budgeted ?? newPart());
    expect(end.budgeted).toEqual(whole.budgeted);
    expect(whole.budgeted?.key).toMatch(/^[0-9a-f]{32}$/);
    expect(start.budgeted?.key).not.toBe(whole.budgeted?.key);
    const other = await plan({ ...setup.corpus, generation: 'other' }, null, 1_000, newPart());
    expect(other.budgeted?.key).not.toBe(whole.budgeted?.key);
  });

  test('reads no file to estimate it once the budget is reached', async () => {
    const setup = await newRun({ 'a.mp3': 'x', 'b.md': 'x' }, [], { budget });
    const [segment] = await planAll(setup);
    expect(segment?.records).toEqual(['a.mp3: process', 'b.md: process']);
    expect(segment?.budgeted).toBeNull();
  });
});
