import { readFile } from 'node:fs/promises';
import type { Prices } from '../../protocol/index.js';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import { resolveUserPath } from '../user-path.js';

const HINT =
  'It has the shape of PRICES, which the package exports: date, source, currency, perThousandCredits, parse, extract';

/** Reads a table of prices. @throws UsageError that names what is wrong. */
export async function readPrices(file: string, { env }: CommandContext): Promise<Prices> {
  const { pricesSchema } = await import('../../activities/input/index.js');
  let content: unknown;
  try {
    content = JSON.parse(await readFile(resolveUserPath(file, env), 'utf8'));
  } catch (error) {
    throw new UsageError(`The prices can't be read: ${error instanceof Error ? error.message : error}`, HINT, error);
  }
  const parsed = pricesSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || '(table)'}: ${message}`);
  throw new UsageError(`The prices in ${file} are not valid. ${problems.slice(0, 10).join('; ')}`, HINT);
}
