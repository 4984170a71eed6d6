import { z } from 'zod';
import { OutputError, type OutputStore, type WriteOptions } from '../../outputs/index.js';
import { toPlainFileId } from '../results/file-id.js';
import { manifestPartKey, runFolder } from '../support/output-keys.js';
import { readLines, toJsonLine } from './json-lines.js';

/** Which part of a manifest. It is written in parts, since a run may continue as new between them. */
export interface ManifestPart {
  /** 0 for the first. */
  part: number;
  /** After the last part, the parts are put together. */
  isLast: boolean;
}

/** The run that writes a manifest. Several runs may process one batch: each writes parts of its own. */
export interface ManifestRun {
  batchId: string;
  /** Run id of the first run in the continue-as-new chain. */
  firstRunId: string;
  /** Id of the run's output store. */
  storeId: string;
}

/**
 * Writes one part of a manifest (JSON lines), and after the last part the manifest.
 *
 * @param keys `manifest`: the key of the manifest. `folder`: the folder of the parts, which no other run writes to.
 * @returns The location of the manifest.
 */
export async function writePart(
  outputs: OutputStore,
  { manifest, folder }: { manifest: string[]; folder: string[] },
  { part, isLast }: ManifestPart,
  lines: readonly object[],
  options: WriteOptions,
): Promise<string> {
  const content = lines.map(toJsonLine).join('');
  if (part === 0 && isLast) return (await outputs.write(manifest, content, options)).location;
  await outputs.write(manifestPartKey(folder, part), content, options);
  if (!isLast) return outputs.locate(manifest);
  const { location } = await outputs.write(manifest, readParts(outputs, folder, part + 1), options);
  return location;
}

/** The parts are not removed afterwards: a retry of the last write reads them again. */
async function* readParts(outputs: OutputStore, folder: string[], count: number): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < count; part++) {
    const key = manifestPartKey(folder, part);
    const content = await outputs.read(key);
    if (content === undefined) throw new OutputError('read', outputs.locate(key), 'it is gone');
    yield* content;
  }
}

const lineSchema = z.object({
  fileId: z.string(),
  jobId: z.string().nullable(),
  previousJobs: z.array(z.object({ jobId: z.string() })).optional(),
});
type Line = z.infer<typeof lineSchema>;

/** The files that have a line in a run's manifest. */
export class ListedFiles {
  readonly #fileIds = new Set<string>();
  readonly #jobIds = new Set<string>();

  add({ fileId, jobId, previousJobs = [] }: Line): void {
    this.#fileIds.add(fileId);
    for (const { jobId: previousId } of previousJobs) this.#jobIds.add(previousId);
    if (jobId !== null) this.#jobIds.add(jobId);
  }

  /** A result may name its file at one time, and only its job at another: then the job's id is in place of the file's. */
  has(fileId: string, jobId: string | undefined): boolean {
    if (this.#fileIds.has(fileId)) return true;
    if (jobId === undefined) return false;
    const idWithoutFile = toPlainFileId(jobId);
    return fileId === idWithoutFile ? this.#jobIds.has(jobId) : this.#fileIds.has(idWithoutFile);
  }
}

/** Reads which files are in the first `count` parts of a run's manifest. */
export async function readListedFiles(
  outputs: OutputStore,
  { batchId, firstRunId }: Omit<ManifestRun, 'storeId'>,
  count: number,
): Promise<ListedFiles> {
  const listed = new ListedFiles();
  for (let part = 0; part < count; part++) {
    const key = manifestPartKey(runFolder(batchId, firstRunId), part);
    if ((await outputs.size(key)) === undefined) throw new OutputError('read', outputs.locate(key), 'it is gone');
    for await (const json of readLines(outputs, key)) {
      const line = lineSchema.safeParse(json).data;
      if (line === undefined) throw new OutputError('read', outputs.locate(key), 'it is damaged');
      listed.add(line);
    }
  }
  return listed;
}
