/** What a run has planned, in segments: lists in the output store, one for each range of paths. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { OutputError, type OutputStore } from '../../outputs/index.js';
import type { CorpusLine, CorpusRun } from '../../protocol/index.js';
import { readLines } from '../manifest/json-lines.js';
import { corpusRunKey } from '../support/output-keys.js';
import { corpusLineSchema } from './corpus-line.js';

const plannedFileSchema = z.object({
  path: z.string(),
  size: z.number(),
  changeToken: z.string(),
  /** The most that it is estimated to cost. Only with `maxCredits`. */
  credits: z.number().optional(),
});

/** A file that is to be processed, as it was listed. */
export type PlannedFile = z.infer<typeof plannedFileSchema>;

const recordSchema = z.discriminatedUnion('kind', [
  /** A line of the new manifest. */
  z.object({ kind: z.literal('line'), line: corpusLineSchema }),
  z.object({ kind: z.literal('process'), file: plannedFileSchema }),
  /** A file that is gone, and whose document is to be removed. */
  z.object({ kind: z.literal('remove'), line: corpusLineSchema }),
]);

/** What becomes of one path. */
export type PlannedRecord =
  | { kind: 'line'; line: CorpusLine }
  | { kind: 'process'; file: PlannedFile }
  | { kind: 'remove'; line: CorpusLine };

/** No two attempts write the same name: one that was given up may still write after the next has succeeded. */
export function toUniqueName(start: string, number: number): string {
  return `${start}-${String(number).padStart(5, '0')}.${randomBytes(6).toString('hex')}.jsonl`;
}

/** Reads segments in their order. @throws OutputError if one is gone or damaged. */
export async function* readPlanned(
  outputs: OutputStore,
  run: Pick<CorpusRun, 'output' | 'runId'>,
  segments: readonly string[],
): AsyncGenerator<PlannedRecord> {
  for (const name of segments) {
    for await (const record of readRunLines(outputs, run, name, recordSchema)) yield record;
  }
}

/** The files to process of some segments: at most 1,000. */
export async function readPlannedFiles(
  outputs: OutputStore,
  run: Pick<CorpusRun, 'output' | 'runId'>,
  segments: readonly string[],
): Promise<PlannedFile[]> {
  const files: PlannedFile[] = [];
  for await (const record of readPlanned(outputs, run, segments)) {
    if (record.kind === 'process') files.push(record.file);
  }
  return files;
}

/** Reads a list that this run has written. @throws OutputError if it is gone or damaged. */
export async function* readRunLines<T extends z.ZodType>(
  outputs: OutputStore,
  run: Pick<CorpusRun, 'output' | 'runId'>,
  name: string,
  schema: T,
): AsyncGenerator<z.infer<T>> {
  const key = corpusRunKey(run, name);
  if ((await outputs.size(key)) === undefined) throw new OutputError('read', outputs.locate(key), 'it is gone');
  for await (const json of readLines(outputs, key)) {
    const parsed = schema.safeParse(json);
    if (!parsed.success) throw new OutputError('read', outputs.locate(key), 'it is damaged');
    yield parsed.data;
  }
}
