/** Parsers of option values. Each throws commander's `InvalidArgumentError`; commander adds the name of the option. */
import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';

/** A duration with its unit, such as `30s`, `5 minutes` or `1h`. Returns milliseconds. */
export function duration(minMs = 0): (value: string) => number {
  return (value) => {
    const text = value.trim();
    const parsed = isDuration(text) ? ms(text) : undefined;
    if (parsed === undefined || !Number.isFinite(parsed)) {
      throw new InvalidArgumentError('Give a duration with its unit, such as 30s, 5m or 12h.');
    }
    if (parsed < minMs) throw new InvalidArgumentError(`It must be at least ${ms(minMs)}.`);
    return parsed;
  };
}

/** `ms` throws for texts over 100 characters, and reads a number without a unit as milliseconds. */
function isDuration(text: string): text is StringValue {
  return text === '0' || (text.length <= 100 && /[a-z]$/i.test(text));
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const parsed = number(min, max)(value);
    if (!Number.isInteger(parsed)) throw new InvalidArgumentError('It must be a whole number.');
    return parsed;
  };
}

export function number(min: number, max: number): (value: string) => number {
  return (value) => {
    const parsed = Number(value);
    if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It must be a number.');
    if (parsed < min || parsed > max) {
      throw new InvalidArgumentError(
        max === Number.MAX_SAFE_INTEGER ? `It must be at least ${min}.` : `It must be from ${min} to ${max}.`,
      );
    }
    return parsed;
  };
}

/** An id or a name. */
export function nonEmpty(value: string): string {
  const text = value.trim();
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

/** An id of an option that can be repeated. Returns all ids. */
export function repeatedId(value: string, previous: readonly string[] = []): readonly string[] {
  const id = nonEmpty(value);
  if (previous.includes(id)) throw new InvalidArgumentError(`${id} is given twice.`);
  return [...previous, id];
}

/** A point in time in ISO 8601, with its zone. Returns the text: a `Date` would cut the microseconds that LlamaCloud gives. */
export function time(value: string): string {
  const text = value.trim();
  const isComplete = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  if (!isComplete || Number.isNaN(Date.parse(text))) {
    throw new InvalidArgumentError('Give a time with its zone, such as 2026-11-28T08:00:00Z.');
  }
  return text;
}

/** An IANA time zone, such as `Europe/Berlin`. */
export function timeZone(value: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return value;
  } catch {
    throw new InvalidArgumentError('Give an IANA time zone, such as Europe/Berlin.');
  }
}

export interface IdAndPath {
  readonly id: string;
  readonly path: string;
}

/** `ID=PATH` of an option that can be repeated. Returns all. */
export function repeatedIdAndPath(value: string, previous: readonly IdAndPath[] = []): readonly IdAndPath[] {
  const separator = value.indexOf('=');
  const id = value.slice(0, Math.max(0, separator)).trim();
  const path = value.slice(separator + 1);
  if (separator === -1 || id === '' || path === '') {
    throw new InvalidArgumentError('Give ID=PATH, such as dir-1=./documents.');
  }
  if (previous.some((directory) => directory.id === id)) throw new InvalidArgumentError(`${id} is given twice.`);
  return [...previous, { id, path }];
}

/** A day, such as `2026-11-28`. */
export function day(value: string): string {
  const text = value.trim();
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('Give a day, such as 2026-11-28.');
  return text;
}
