import { z } from 'zod';
import { OutputError, type OutputStore } from '../../outputs/index.js';
import { readLines } from './json-lines.js';

/** Lines of a manifest that is written in parts, since a run may continue as new between them. */
export interface ManifestPart {
  /** 0 for the first. */
  part: number;
  /** Is this the last part? Then the whole manifest is put together. */
  last: boolean;
}

/** Whose manifest it is. Several runs may process one batch: each has parts of its own. */
export interface ManifestOfRun {
  batchId: string;
  /** First run id of the run's chain of continue-as-new. */
  firstRunId: string;
  /** Output store of the run. */
  storeId: string;
}

/**
 * Writes a part of a manifest (JSON lines), and after the last part the whole. Returns where the whole is.
 *
 * @param whole Where the whole manifest goes.
 * @param partsFolder Of this run alone.
 */
export async function writePart(
  outputs: OutputStore,
  { whole, partsFolder }: { whole: string[]; partsFolder: string[] },
  { part, last }: ManifestPart,
  lines: readonly object[],
): Promise<string> {
  const content = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  if (part === 0 && last) return (await outputs.write(whole, content)).location;
  await outputs.write(partKey(partsFolder, part), content);
  if (!last) return outputs.locate(whole);
  const { location } = await outputs.write(whole, readParts(outputs, partsFolder, part + 1));
  return location;
}

/** The parts stay beside the whole: an attempt that is repeated after they were removed would have nothing to put together. */
async function* readParts(outputs: OutputStore, folder: string[], count: number): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < count; part++) {
    const key = partKey(folder, part);
    const content = await outputs.read(key);
    if (content === undefined) throw new OutputError('read', outputs.locate(key), 'it is gone');
    yield* content;
  }
}

const listedLineSchema = z.object({ fileId: z.string() });

/** The files in the first `count` parts of a run's manifest. */
export async function readListedFiles(
  outputs: OutputStore,
  { batchId, firstRunId }: Omit<ManifestOfRun, 'storeId'>,
  count: number,
): Promise<ReadonlySet<string>> {
  const fileIds = new Set<string>();
  for (let part = 0; part < count; part++) {
    const key = partKey(partsFolder(batchId, firstRunId), part);
    if ((await outputs.size(key)) === undefined) throw new OutputError('read', outputs.locate(key), 'it is gone');
    for await (const json of readLines(outputs, key)) {
      const line = listedLineSchema.safeParse(json).data;
      if (line === undefined) throw new OutputError('read', outputs.locate(key), 'it is damaged');
      fileIds.add(line.fileId);
    }
  }
  return fileIds;
}

export function manifestKey(folder: string): string[] {
  return [folder, 'manifest.jsonl'];
}

/** What a run writes of a batch's manifest before it is whole. */
export function partsFolder(batchId: string, firstRunId: string): string[] {
  return [batchId, 'runs', firstRunId];
}

function partKey(folder: string[], part: number): string[] {
  return [...folder, `manifest.part-${String(part).padStart(5, '0')}.jsonl`];
}
