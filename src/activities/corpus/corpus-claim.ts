/** `corpus.json` in the output folder of a corpus: the source that the folder belongs to, and the run that writes its manifest. */
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { OutputStore } from '../../outputs/index.js';
import type { CorpusRun } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { corpusFolder } from '../support/output-keys.js';
import { corpusManifestKey, readManifestSha256 } from './corpus-line.js';
import { openSource } from './open-source.js';

const text = z.string().optional().catch(undefined);

/** Loose: a person may add fields. A damaged file has none. */
const claimSchema = z.looseObject({ source: text, lastRun: text }).catch({ source: undefined, lastRun: undefined });
type Claim = z.infer<typeof claimSchema>;

export function claimKey(output: string): string[] {
  return [...corpusFolder(output), 'corpus.json'];
}

/** `undefined` if the folder belongs to nobody. */
export async function readClaim(outputs: OutputStore, output: string): Promise<Claim | undefined> {
  const content = await outputs.read(claimKey(output));
  if (content === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return claimSchema.parse(parseJson(Buffer.concat(chunks).toString('utf8')));
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export async function writeClaim(outputs: OutputStore, output: string, claim: Partial<Claim>): Promise<void> {
  await outputs.write(claimKey(output), `${JSON.stringify(claim, null, 2)}\n`);
}

/**
 * Records that a run writes the manifest: before it does, so that another attempt knows the manifest for its own.
 *
 * @throws a failure for good if another run has written the manifest since this one has begun. A person may have reset this one: it knows
 * nothing of what came later.
 */
export async function claimManifest(deps: ActivityDeps, run: CorpusRun): Promise<void> {
  const { outputs } = deps;
  const claim = await readClaim(outputs, run.output);
  if (claim?.lastRun === run.runId) return;
  if ((await readManifestSha256(outputs, run.output)) !== run.generation) throw toReplacedFailure(outputs, run);
  const { location } = await openSource(deps, run.source);
  await writeClaim(outputs, run.output, { ...claim, source: claim?.source ?? location, lastRun: run.runId });
}

/** @throws a failure for good if another run has written the manifest after this one. */
export async function assertLastWriter(outputs: OutputStore, run: CorpusRun): Promise<void> {
  const claim = await readClaim(outputs, run.output);
  if (claim?.lastRun !== run.runId) throw toReplacedFailure(outputs, run);
}

function toReplacedFailure(outputs: OutputStore, { output }: CorpusRun): ApplicationFailure {
  const location = outputs.locate(corpusManifestKey(output));
  const message = `${location} was written by another run, or changed by hand, after this run had begun: it was not replaced, and no document was removed. Start a new run, which compares with it. Do not reset a run after another one has begun.`;
  return ApplicationFailure.nonRetryable(message, 'OutputFailed');
}
