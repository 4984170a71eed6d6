import { invalid } from './http-error.js';
import { fromServiceTime } from './service-clock.js';
import type { Settings } from './settings.js';

/** The integer in a query parameter, or undefined if absent. Throws the 422 of a value that is no integer or below `min`. */
export function readInteger(query: URLSearchParams, name: string, min: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw invalid(['query', name], 'Input should be a valid integer', 'int_parsing');
  }
  if (value < min) throw invalid(['query', name], `Input should be at least ${min}`, 'greater_than_equal');
  return value;
}

/** The value of a query parameter that must be one of `choices`. Throws the 422 of any other. */
export function readChoice(query: URLSearchParams, name: string, choices: readonly string[]): string | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!choices.includes(value)) {
    throw invalid(['query', name], `Input should be one of ${choices.join(', ')}`, 'literal_error');
  }
  return value;
}

/** A filter by `created_at_on_or_after` and `created_at_on_or_before`; see {@link readTimeFilter}. */
export function readCreatedFilter(query: URLSearchParams, settings: Settings): (createdAtMs: number) => boolean {
  return readTimeFilter(query, 'created_at', settings);
}

/**
 * A filter by the parameters `<field>_on_or_after` and `<field>_on_or_before`. They are in LlamaCloud's time; the filter takes a
 * time of this machine, in ms of the epoch.
 */
export function readTimeFilter(
  query: URLSearchParams,
  field: 'created_at' | 'updated_at',
  settings: Settings,
): (atMs: number) => boolean {
  const from = readTime(query, `${field}_on_or_after`, settings) ?? Number.NEGATIVE_INFINITY;
  const to = readTime(query, `${field}_on_or_before`, settings) ?? Number.POSITIVE_INFINITY;
  return (atMs) => atMs >= from && atMs <= to;
}

function readTime(query: URLSearchParams, name: string, settings: Settings): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw invalid(['query', name], 'Input should be a valid datetime', 'datetime_from_date_parsing');
  return fromServiceTime(ms, settings);
}

/** The values of a repeated parameter, such as `expand=a&expand=b`. */
export function readList(query: URLSearchParams, name: string): ReadonlySet<string> {
  return new Set(query.getAll(name).filter((value) => value !== ''));
}
