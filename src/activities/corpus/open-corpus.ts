import { realpath } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { OutputStore } from '../../outputs/index.js';
import {
  type BudgetPlan,
  cleanText,
  PART_SHARE,
  type PagePrice,
  PRICES,
  type ProcessCorpusInput,
  type ResolvedCorpusInput,
} from '../../protocol/index.js';
import type { CorpusSource } from '../../sources/index.js';
import type { ActivityDeps } from '../deps.js';
import { checkCorpusInput } from '../input/index.js';
import { corpusFolder } from '../support/output-keys.js';
import { runAttempt } from '../support/run-attempt.js';
import { hasSearchAttributes } from '../support/search-attributes.js';
import { findPartCredits, readLedger } from './budget-ledger.js';
import { readConfiguration } from './configuration-version.js';
import { claimKey, readClaim, writeClaim } from './corpus-claim.js';
import { readCorpusLines, readManifestSha256 } from './corpus-line.js';
import { toBudgetPrice } from './estimate-files.js';
import { openSource } from './open-source.js';
import { findPagePrice } from './page-price.js';

export interface OpenedCorpus {
  input: ResolvedCorpusInput;
  /** Output store that the run writes to. */
  storeId: string;
  /** Identifies what is at the location of the source; `null` if the source can't tell. */
  sourceId: string | null;
  /** Identifies the manifest that the run compares with. */
  generation: string;
  configurationVersion: string | null;
  /** Whether the search attributes are registered in this namespace. */
  hasRunState: boolean;
  /** Missing without `maxCredits`. */
  budget?: BudgetPlan;
  /** Whether there is a record of what was spent. */
  hasLedger: boolean;
}

/**
 * Validates the whole input before anything is sent, claims the output folder for this source, and reads which version the configuration has.
 *
 * `GET /api/v1/beta/configurations/{id}`.
 */
export function openCorpus(deps: ActivityDeps) {
  return async (input: ProcessCorpusInput): Promise<OpenedCorpus> => {
    const resolved = checkCorpusInput(input);
    const { outputs } = deps;
    return runAttempt('open', `source ${cleanText(resolved.source)}`, async ({ signal }) => {
      const source = await openSource(deps, resolved.source).catch((error: unknown) => {
        throw error instanceof TypeError ? invalid(`source: ${error.message}`) : error;
      });
      if (resolved.goneFiles === 'remove' && outputs.remove === undefined)
        throw invalid('goneFiles: the output store of the workers can remove nothing, so it has to be keep');
      await assertApart(outputs, resolved.output, source);
      // Fails where the source is not there. One entry is enough.
      for await (const _entry of source.list({ signal })) break;
      await claimOutput(outputs, resolved.output, source.location);
      const { version, parameters } = await readConfiguration(deps.llamacloud, resolved, signal);
      const generation = await readGeneration(outputs, resolved.output);
      const ledger = await readLedger(outputs, resolved.output);
      const price = findPagePrice(resolved.job, parameters, input.prices ?? PRICES);
      const budget = toBudget(resolved.maxCredits, price, findPartCredits(ledger, generation));
      return {
        input: resolved,
        storeId: await outputs.id(),
        sourceId: (await source.id?.()) ?? null,
        generation,
        configurationVersion: version,
        hasRunState: await hasSearchAttributes(),
        hasLedger: ledger !== undefined,
        ...(budget === undefined ? {} : { budget }),
      };
    });
  };
}

/** @throws `InvalidInput` if the price is not known: a cap could not be held. */
function toBudget(
  maxCredits: number | undefined,
  price: PagePrice,
  partCredits: number | undefined,
): BudgetPlan | undefined {
  if (maxCredits === undefined) return undefined;
  const known = toBudgetPrice(price);
  if (known === null) throw invalid(`maxCredits: ${price.basis}. Give its price in prices.configurations`);
  return { ...known, maxCredits, partCredits: partCredits ?? PART_SHARE * maxCredits };
}

function invalid(problem: string): ApplicationFailure {
  const message = `The input of processCorpus is not valid. ${cleanText(problem)}. Nothing was sent to LlamaCloud.`;
  return ApplicationFailure.nonRetryable(message, 'InvalidInput', { fields: [problem] });
}

/** Documents inside the source would be files of the next run. */
async function assertApart(outputs: OutputStore, output: string, { location }: CorpusSource): Promise<void> {
  const folder = corpusFolder(output);
  const places = [outputs.root, ...(folder.length === 0 ? [] : [outputs.locate(folder)])];
  const source = await toRealPath(location);
  for (const place of await Promise.all(places.map(toRealPath))) {
    if (place === source || place.startsWith(source.endsWith('/') ? source : `${source}/`))
      throw invalid(`source: the output ${place} is inside it, so each document would become a file of the next run`);
  }
}

/** A path without links. Any other location, and what is not there yet, stays as it is. */
function toRealPath(location: string): Promise<string> {
  return realpath(location).catch(() => location);
}

/** An output folder belongs to one source: the files of another one would be taken for gone. */
async function claimOutput(outputs: OutputStore, output: string, source: string): Promise<void> {
  const claim = await readClaim(outputs, output);
  if (claim === undefined) return writeClaim(outputs, output, { source });
  if (claim.source === source) return;
  const file = outputs.locate(claimKey(output));
  throw invalid(
    `output: ${file} says that the folder has the documents of ${claim.source ?? 'another source'}: use another folder or, if the source has moved, correct the file`,
  );
}

/**
 * The SHA-256 of the manifest. Runs that compare with the same one, and find the same files, use the same directories of LlamaCloud.
 *
 * @throws a failure for good if a line is damaged: found later, it would end the run after parts of it are paid for.
 */
async function readGeneration(outputs: OutputStore, output: string): Promise<string> {
  for await (const _line of readCorpusLines(outputs, output, null));
  return readManifestSha256(outputs, output);
}
