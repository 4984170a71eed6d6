import type { OutputStore } from '../outputs/index.js';
import {
  type CollectFormat,
  defaultCollect,
  hasFormat,
  type JobType,
  type ManifestEntry,
  type ManifestLine,
} from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { documentKey } from './document.js';
import { type ManifestPart, manifestKey, writePart } from './manifest-parts.js';

export interface WriteManifestInput extends ManifestPart {
  batchId: string;
  /** Files of this part, in the order of the batch's results. */
  lines: ManifestEntry[];
  /** Type of the jobs, where a line does not say otherwise. */
  jobType?: JobType;
  /** What was collected. */
  collect?: CollectFormat;
  /** Are there files after the last part that are in none? Then a whole manifest that is there already is left alone. */
  partial?: boolean;
}

/** Step 7: writes a part of the manifest (JSON lines), and after the last part the whole. Returns where the whole is. */
export function writeManifest(deps: ActivityDeps) {
  return (input: WriteManifestInput): Promise<string> => {
    const { batchId, lines, partial = false } = input;
    return attempt('store', `manifest of batch ${batchId}`, async () => {
      const { outputs } = deps;
      const whole = manifestKey(batchId);
      if (partial && (await outputs.size(whole)) !== undefined) return outputs.locate(whole);
      return writePart(
        outputs,
        batchId,
        input,
        lines.map((line) => wholeLine(outputs, input, line)),
      );
    });
  };
}

/** A document is where every document of its kind is: that need not be in history once for every file. */
function wholeLine(
  outputs: OutputStore,
  { batchId, jobType: usual, collect: wanted }: WriteManifestInput,
  line: ManifestEntry,
): ManifestLine {
  const { fileId, name = null, jobId = null, status = 'COMPLETED', sha256 = null } = line;
  const { bytes = null, credits = null, error = null } = line;
  const jobType = line.jobType ?? (jobId === null ? null : (usual ?? null));
  const output = line.output ?? (sha256 === null || jobType === null ? null : placeOf(jobType));
  return { fileId, name, jobId, jobType, status, output, bytes, sha256, credits, error };

  function placeOf(type: JobType): string {
    const format = wanted !== undefined && hasFormat(type, wanted) ? wanted : defaultCollect(type);
    return outputs.locate(documentKey(batchId, fileId, format));
  }
}
