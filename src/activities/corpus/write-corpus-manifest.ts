import type { CorpusLine, CorpusRun } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { claimManifest } from './corpus-claim.js';
import { corpusLineSchema, corpusManifestKey, readCorpusLines } from './corpus-line.js';
import { toLineWithoutDocument } from './decide.js';
import { toLineContent } from './line-content.js';
import { readPlanned, readRunLines } from './planned-files.js';

export interface WriteCorpusManifestInput {
  run: CorpusRun;
  /** Names of the segments, in order. */
  segments: string[];
  /** Names of the lines of the parts, in order. A part that was terminated has none. */
  parts: string[];
  /** The last path that was planned. */
  cursor: string | null;
  /** Whether the whole source was planned. If not, the lines of the last manifest after the cursor stay. */
  isComplete: boolean;
  /** Keep the lines of files whose document was to be removed. */
  keepGone: boolean;
}

/**
 * Writes the manifest of a corpus: the lines of files that have not changed, and those of the parts, in the order of the paths. Replaces the last
 * manifest at once, which the next run compares with. Returns its location. Fails for good if that is not the manifest which this run has
 * compared with.
 */
export function writeCorpusManifest(deps: ActivityDeps) {
  const { outputs } = deps;
  return (input: WriteCorpusManifestInput): Promise<string> =>
    runAttempt('store', 'manifest of the corpus', async ({ signal }) => {
      await assertSameStore(outputs, input.run.storeId);
      await claimManifest(deps, input.run);
      const content = toLineContent(mergeLines(outputs, input));
      return (await outputs.write(corpusManifestKey(input.run.output), content, { signal })).location;
    });
}

async function* mergeLines(
  outputs: ActivityDeps['outputs'],
  { run, segments, parts, cursor, isComplete, keepGone }: WriteCorpusManifestInput,
): AsyncGenerator<CorpusLine> {
  const processed = readParts(outputs, run, parts);
  try {
    let next = await processed.next();
    for await (const record of readPlanned(outputs, run, segments)) {
      if (record.kind === 'line') yield record.line;
      else if (record.kind === 'remove') {
        const line = toGoneLine(record.line, keepGone);
        if (line !== undefined) yield line;
      } else if (next.done !== true && next.value.path === record.file.path) {
        yield next.value;
        next = await processed.next();
      } else {
        const error = { type: 'Skipped', message: 'the workflow of its part did not end by itself' };
        yield toLineWithoutDocument(run, record.file, 'SKIPPED', error);
      }
    }
  } finally {
    await processed.return(undefined);
  }
  if (!isComplete) yield* readCorpusLines(outputs, run.output, cursor);
}

/** The line of a file that is gone, and whose document is to be removed unless it is to be kept. */
function toGoneLine(line: CorpusLine, keepGone: boolean): CorpusLine | undefined {
  // A line without a document says why there is none: the next run goes by it.
  if (keepGone) return line.output === null ? line : { ...line, status: 'GONE' };
  // Its document is removed for the second time by now.
  if (line.status === 'GONE' && line.output === null) return undefined;
  // Documents are removed after this. If the run ends before, the next one finds this line, and removes the document.
  return { ...line, status: 'GONE', output: null, outputBytes: null, outputSha256: null };
}

async function* readParts(
  outputs: ActivityDeps['outputs'],
  run: CorpusRun,
  parts: readonly string[],
): AsyncGenerator<CorpusLine, undefined> {
  for (const name of parts) yield* readRunLines(outputs, run, name, corpusLineSchema);
}
