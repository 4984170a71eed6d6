import { createHash } from 'node:crypto';
import type { BudgetPlan, CorpusRun, CostEstimate, PagePrice, Range } from '../../protocol/index.js';
import type { CorpusSource, SourceFile } from '../../sources/index.js';
import { countPages, type PageCount } from './count-pages.js';
import type { PlannedFile } from './planned-files.js';

/**
 * Estimates what one file costs.
 *
 * @param price Of a page.
 * @returns `undefined` for a file that is not billed by the page.
 */
export async function estimateFile(
  price: Pick<BudgetPlan, 'price' | 'selectsPages'>,
  source: CorpusSource,
  file: Pick<SourceFile, 'path' | 'size'>,
  signal: AbortSignal,
): Promise<CostEstimate | undefined> {
  const count = await countPages(source, file, signal);
  return count === undefined ? undefined : toEstimate(count, price);
}

export function toEstimate(
  { pages, isCounted }: PageCount,
  { price, selectsPages }: Pick<BudgetPlan, 'price' | 'selectsPages'>,
): CostEstimate {
  const selected = { low: selectsPages ? Math.min(1, pages.low) : pages.low, high: pages.high };
  return { files: 1, pages: selected, credits: multiply(selected, price), counted: isCounted ? 1 : 0 };
}

function multiply(pages: Range, price: Range): Range {
  return { low: pages.low * price.low, high: pages.high * price.high };
}

/** @returns `null` if the price is not known. */
export function toBudgetPrice({ credits, selectsPages }: PagePrice): Pick<BudgetPlan, 'price' | 'selectsPages'> | null {
  return credits === null ? null : { price: credits, selectsPages };
}

/**
 * The key of a part, file by file: the same for the same files, whatever segments they were planned in. Runs that compare with the same manifest, and
 * find the same files, have the same parts, and use the same directories of LlamaCloud for them.
 *
 * @param key Of the files before; empty for the first of a part.
 */
export function extendPartKey(key: string, run: CorpusRun, { path, size, changeToken }: PlannedFile): string {
  const { generation, job, configurationVersion } = run;
  const before = key === '' ? [generation, job.type, job.configurationId, configurationVersion] : [key];
  return createHash('sha256')
    .update(JSON.stringify([...before, path, size, changeToken]))
    .digest('hex')
    .slice(0, 32);
}
