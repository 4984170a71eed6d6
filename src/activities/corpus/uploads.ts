/** The list of the files of a part that were uploaded, or could not be. */
import { z } from 'zod';
import type { OutputStore } from '../../outputs/index.js';
import type { CorpusPart } from '../../protocol/index.js';
import { toPlainFileId } from '../results/file-id.js';
import { readRunLines } from './planned-files.js';

export const uploadSchema = z.object({
  path: z.string(),
  /** As it was read; `null` if it was not. */
  size: z.number().nullable(),
  changeToken: z.string().nullable(),
  sha256: z.string().nullable(),
  /** Of the directory (`dfl-...`); `null` if it was not uploaded. */
  fileId: z.string().nullable(),
  /** Why it was not uploaded. */
  error: z.object({ type: z.string(), message: z.string() }).nullable(),
});

/** One line of the list. */
export type Upload = z.infer<typeof uploadSchema>;

/** The uploads of a part, by path. */
export async function readUploads(
  outputs: OutputStore,
  run: Pick<CorpusPart, 'output' | 'runId'>,
  name: string,
): Promise<Map<string, Upload>> {
  const uploads = new Map<string, Upload>();
  for await (const upload of readRunLines(outputs, run, name, uploadSchema)) uploads.set(upload.path, upload);
  return uploads;
}

/** The paths of the files of a part, by the ids that rows of results have. */
export async function readUploadedPaths(outputs: OutputStore, part: CorpusPart): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for await (const { path, fileId } of readRunLines(outputs, part, part.uploads, uploadSchema)) {
    if (fileId !== null) paths.set(toPlainFileId(fileId), path);
  }
  return paths;
}
