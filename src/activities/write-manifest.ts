import { OutputError, type OutputStore } from '../outputs/index.js';
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

export interface WriteManifestInput {
  batchId: string;
  /** Files of this part, in the order of the batch's results. */
  lines: ManifestEntry[];
  /** Type of the jobs, where a line does not say otherwise. */
  jobType?: JobType;
  /** What was collected. */
  collect?: CollectFormat;
  /** 0 for the first: a batch whose results fit in one page has one part. */
  part: number;
  /** Is this the last part? Then the whole manifest is put together. */
  last: boolean;
  /** Are there files after the last part that are in none? Then a whole manifest that is there already is left alone. */
  partial?: boolean;
}

/** Step 7: writes a part of the manifest (JSON lines), and after the last part the whole. Returns where the whole is. */
export function writeManifest(deps: ActivityDeps) {
  return (input: WriteManifestInput): Promise<string> => {
    const { batchId, lines, part, last, partial = false } = input;
    return attempt('store', `manifest of batch ${batchId}`, async () => {
      const { outputs } = deps;
      const content = lines.map((line) => `${JSON.stringify(wholeLine(outputs, input, line))}\n`).join('');
      const whole = manifestKey(batchId);
      if (partial && (await outputs.size(whole)) !== undefined) return outputs.locate(whole);
      if (part === 0 && last) return (await outputs.write(whole, content)).location;
      await outputs.write(partKey(batchId, part), content);
      if (!last) return outputs.locate(whole);
      const { location } = await outputs.write(whole, parts(outputs, batchId, part));
      return location;
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

/** The parts stay beside the whole: an attempt that is repeated after they were removed would have nothing to put together. */
async function* parts(outputs: OutputStore, batchId: string, last: number): AsyncGenerator<Uint8Array> {
  for (let part = 0; part <= last; part++) {
    const key = partKey(batchId, part);
    const content = await outputs.read(key);
    if (content === undefined)
      throw new OutputError('read', outputs.locate(key), 'it is gone; do all workers share one output store?');
    yield* content;
  }
}

export function manifestKey(batchId: string): string[] {
  return [batchId, 'manifest.jsonl'];
}

function partKey(batchId: string, part: number): string[] {
  return [batchId, `manifest.part-${String(part).padStart(5, '0')}.jsonl`];
}
