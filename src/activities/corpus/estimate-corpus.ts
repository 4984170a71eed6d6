import { createHash } from 'node:crypto';
import type { LlamaCloudClient } from '../../llamacloud/index.js';
import type { OutputStore } from '../../outputs/index.js';
import {
  type ApiScope,
  addEstimates,
  type BatchJob,
  type CollectFormat,
  type CorpusLine,
  defaultCollect,
  type FailedFiles,
  type PagePrice,
  PRICES,
  type Prices,
  type Range,
  zeroEstimate,
} from '../../protocol/index.js';
import {
  type CorpusSource,
  isUnreadable,
  type OpenCorpusSource,
  openCorpusSource,
  type SourceFile,
  SourceFileError,
} from '../../sources/index.js';
import { readConfiguration, type ShownConfiguration } from './configuration-version.js';
import { readCorpusLines } from './corpus-line.js';
import { decideFile } from './decide.js';
import { estimateFile } from './estimate-files.js';
import { findRejection } from './file-limits.js';
import { mergeJoin } from './merge-join.js';
import { findPagePrice } from './page-price.js';

export interface EstimateCorpusOptions extends ApiScope {
  /** A folder, or `s3://bucket/prefix`. */
  source: string;
  job: BatchJob;
  /** Where the manifest of the last run is. Default: there is none, and every file counts. */
  outputs?: OutputStore;
  /** Folder in the output store. Default: the store itself. */
  output?: string;
  collect?: CollectFormat;
  failedFiles?: FailedFiles;
  /** Shows what a saved configuration is (`GET /api/v1/beta/configurations/{id}`). Without it, only presets and `prices` have a price. */
  llamacloud?: Pick<LlamaCloudClient, 'getConfiguration'>;
  /** Default {@link PRICES}. */
  prices?: Prices;
  /** Default: a folder, or `s3://bucket/prefix`. */
  openSource?: OpenCorpusSource;
  signal?: AbortSignal;
}

/** What a run over a corpus would process, and cost. */
export interface CorpusEstimate {
  /** Files that would be sent. */
  files: number;
  unchanged: number;
  /** Files that LlamaCloud does not take, or that can't be read. */
  rejected: number;
  pages: Range;
  /** Files whose pages were counted. Those of the others are assumed, which is why there is a range. */
  counted: number;
  /** Files that are not billed by the page, such as audio. What they cost is not known, and in no number here. */
  unpriced: number;
  /** `null` if the price of the configuration is not known: `price` says why. */
  credits: Range | null;
  /** In `prices.currency`. */
  money: Range | null;
  price: PagePrice;
  prices: Pick<Prices, 'date' | 'source' | 'currency'>;
}

/** Price with which pages are counted where the real one is not known. */
const NO_PRICE: Range = { low: 0, high: 0 };

/**
 * Estimates what a run over a corpus would cost. It lists the source, compares it with the manifest of the last run, and reads PDFs and presentations to count their pages.
 * Sends nothing but, with `llamacloud`, one request that reads the configuration.
 *
 * @throws SourceError, OutputError, and the errors of `llamacloud`.
 */
export async function estimateCorpus(options: EstimateCorpusOptions): Promise<CorpusEstimate> {
  const { job, outputs, output = '', llamacloud, prices = PRICES, openSource = openCorpusSource } = options;
  const { signal = new AbortController().signal } = options;
  const { collect = defaultCollect(job.type), failedFiles = 'retry' } = options;
  const { projectId, organizationId } = options;
  const scope = {
    ...(projectId === undefined ? {} : { projectId }),
    ...(organizationId === undefined ? {} : { organizationId }),
  };
  const nothing: ShownConfiguration = { version: null, parameters: null };
  const shown = llamacloud === undefined ? nothing : await readConfiguration(llamacloud, { job, scope }, signal);
  const price = findPagePrice(job, shown.parameters, prices);
  const source = await openSource(options.source);
  const run = { job, collect, failedFiles, configurationVersion: shown.version };
  const perPage = { price: price.credits ?? NO_PRICE, selectsPages: price.selectsPages };
  let [sum, unchanged, rejected, unpriced] = [zeroEstimate(), 0, 0, 0];
  const lines = outputs === undefined ? noLines() : readCorpusLines(outputs, output, null);
  for await (const { entry, line } of mergeJoin(source.list({ signal }), lines)) {
    if (entry === undefined) continue;
    if (isUnreadable(entry) || findRejection(entry, job.type) !== undefined) rejected += 1;
    else if (!(await isChanged(source, entry, line, run, signal))) unchanged += 1;
    else {
      const estimate = await estimateFile(perPage, source, entry, signal);
      if (estimate === undefined) unpriced += 1;
      else sum = addEstimates(sum, estimate);
    }
  }
  const { date, currency } = prices;
  const credits = price.credits === null ? null : sum.credits;
  return {
    files: sum.files + unpriced,
    unchanged,
    rejected,
    pages: sum.pages,
    counted: sum.counted,
    unpriced,
    credits,
    money: credits === null ? null : toMoney(credits, prices),
    price,
    prices: { date, source: prices.source, currency },
  };
}

export function toMoney({ low, high }: Range, { perThousandCredits }: Pick<Prices, 'perThousandCredits'>): Range {
  return { low: (low * perThousandCredits) / 1_000, high: (high * perThousandCredits) / 1_000 };
}

async function* noLines(): AsyncGenerator<CorpusLine> {}

async function isChanged(
  source: CorpusSource,
  file: SourceFile,
  line: CorpusLine | undefined,
  run: Parameters<typeof decideFile>[0],
  signal: AbortSignal,
): Promise<boolean> {
  const decision = decideFile(run, file, line);
  if (decision !== 'compare-content') return decision === 'process';
  try {
    const digest = createHash('sha256');
    for await (const chunk of (await source.open(file.path, { signal })).content) digest.update(chunk);
    return digest.digest('hex') !== line?.sha256;
  } catch (error) {
    if (error instanceof SourceFileError) return true;
    throw error;
  }
}
