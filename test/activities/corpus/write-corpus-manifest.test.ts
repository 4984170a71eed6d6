import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { PlannedRecord } from '../../../src/activities/corpus/planned-files.js';
import type { WriteCorpusManifestInput } from '../../../src/activities/corpus/write-corpus-manifest.js';
import { corpusDocumentKey } from '../../../src/activities/support/output-keys.js';
import type { CorpusLine, CorpusRun } from '../../../src/protocol/index.js';
import { sourceFolder } from '../../sources/support.js';
import { type ActivityEnvironment, failing, run, startActivityEnvironment } from '../support.js';
import { corpusLine, corpusRun } from './support.js';

async function newRun() {
  const env = await startActivityEnvironment();
  return { env, corpus: corpusRun({ source: await sourceFolder(), storeId: await env.outputs.id() }) };
}

const removal = (fields: Partial<CorpusLine> & { path: string }): PlannedRecord => ({
  kind: 'remove',
  line: corpusLine(fields),
});

/** Writes the manifest of a run that has planned some records, and reads it. */
async function writeManifest(
  { outputs, activities }: ActivityEnvironment,
  corpus: CorpusRun,
  records: readonly PlannedRecord[],
  fields: Partial<WriteCorpusManifestInput> = {},
): Promise<CorpusLine[]> {
  const segment = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  await outputs.write([corpus.output, 'runs', corpus.runId, 'segment'], segment);
  const input = { run: corpus, segments: ['segment'], parts: [], cursor: null, isComplete: true, keepGone: false };
  return readManifest(await run(activities.writeCorpusManifest, { ...input, ...fields }));
}

async function readManifest(location: string): Promise<CorpusLine[]> {
  const text = await readFile(location, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): CorpusLine => JSON.parse(line));
}

describe('the manifest of a corpus', () => {
  test('is not replaced by a run from before another one has written it, and nothing is removed', async () => {
    const { env, corpus } = await newRun();
    const { activities, outputs } = env;
    const records = [removal({ path: 'a.md' })];
    await writeManifest(env, corpus, records);
    // Another attempt, or a reset of the last run.
    expect(await writeManifest(env, corpus, records)).toHaveLength(1);
    const { source, job } = corpus;
    const { generation } = await run(activities.openCorpus, { source, output: 'legal', job });
    const later: PlannedRecord = { kind: 'line', line: corpusLine({ path: 'a.md' }) };
    const lines = await writeManifest(env, { ...corpus, runId: 'run-2', generation }, [later]);
    const document = corpusDocumentKey({ output: 'legal', path: 'a.md' }, 'markdown');
    await outputs.write(document, 'of the later run');

    const segments = ['segment'];
    const input = { run: corpus, segments, parts: [], cursor: null, isComplete: true, keepGone: false };
    const failure = { type: 'OutputFailed', nonRetryable: true };
    expect(await failing(activities.writeCorpusManifest, input)).toMatchObject(failure);
    expect(await failing(activities.removeGoneDocuments, { run: corpus, segments })).toMatchObject(failure);
    expect(await readManifest(outputs.locate(['legal', 'manifest.jsonl']))).toEqual(lines);
    expect(await outputs.size(document)).toBeGreaterThan(0);
  });

  test('has the line of a file whose document is removed once more, without the document', async () => {
    const { env, corpus } = await newRun();
    const gone = { status: 'GONE', output: null, outputBytes: null, outputSha256: null } as const;
    const removals = [
      removal({ path: 'a.md' }),
      removal({ path: 'b.md', status: 'GONE' }),
      removal({ path: 'c.md', status: 'FAILED', output: null }),
      removal({ path: 'd.md', ...gone }),
    ];
    const lines = await writeManifest(env, corpus, removals);
    expect(lines).toEqual(['a.md', 'b.md', 'c.md'].map((path) => corpusLine({ path, ...gone })));
    // The next run has them to remove once more.
    const next = { ...corpus, goneFiles: 'remove' as const };
    const input = { run: next, cursor: null, segment: 0, room: 1 };
    expect(await run(env.activities.planCorpusPart, input)).toMatchObject({ removals: 3, gone: 0 });
    expect(
      await writeManifest(
        env,
        corpus,
        lines.map((line) => ({ kind: 'remove', line })),
      ),
    ).toEqual([]);
  });

  test('keeps the lines of a source that is not there for a night, and says of none that it has a document which it has not', async () => {
    const { env, corpus } = await newRun();
    const skipped = { status: 'SKIPPED', output: null, error: { type: 'Skipped', message: 'stopped' } } as const;
    const lines = await writeManifest(env, corpus, [removal({ path: 'a.md' }), removal({ path: 'b.md', ...skipped })], {
      keepGone: true,
    });
    expect(lines).toEqual([corpusLine({ path: 'a.md', status: 'GONE' }), corpusLine({ path: 'b.md', ...skipped })]);
  });
});
