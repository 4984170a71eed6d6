/** Readers of what was typed. Each throws commander's `InvalidArgumentError`, which names the flag. */
import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';

/** A duration such as `30s`, `5 minutes` or `1h`, in milliseconds. A bare number could be anything, so it needs its unit. */
export function duration(atLeastMs = 0): (value: string) => number {
  return (value) => {
    const text = value.trim();
    const parsed = isMsText(text) ? ms(text) : undefined;
    if (parsed === undefined || !Number.isFinite(parsed)) {
      throw new InvalidArgumentError('Give a duration with its unit, such as 30s, 5m or 12h.');
    }
    if (parsed < atLeastMs) throw new InvalidArgumentError(`It must be at least ${ms(atLeastMs)}.`);
    return parsed;
  };
}

/** `ms` takes texts of up to 100 characters. `0` needs no unit. */
function isMsText(text: string): text is StringValue {
  return text === '0' || (text.length <= 100 && /[a-z]$/i.test(text));
}

/** A whole number. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const parsed = number(least, most)(value);
    if (!Number.isInteger(parsed)) throw new InvalidArgumentError('It must be a whole number.');
    return parsed;
  };
}

export function number(least: number, most: number): (value: string) => number {
  return (value) => {
    const parsed = Number(value);
    if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It must be a number.');
    if (parsed < least || parsed > most) {
      throw new InvalidArgumentError(
        most === Number.MAX_SAFE_INTEGER ? `It must be ${least} or more.` : `It must be from ${least} to ${most}.`,
      );
    }
    return parsed;
  };
}

/** An id or a name: anything but nothing. */
export function nonEmpty(value: string): string {
  const text = value.trim();
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

/** Ids of a flag that is given again and again, collected into a list. */
export function ids(value: string, previous: readonly string[] = []): readonly string[] {
  const id = nonEmpty(value);
  if (previous.includes(id)) throw new InvalidArgumentError(`${id} is given twice.`);
  return [...previous, id];
}

/** An IANA name such as `Europe/Berlin`. */
export function timeZone(value: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return value;
  } catch {
    throw new InvalidArgumentError('Give an IANA name, such as Europe/Berlin.');
  }
}

/** `ID=PATH`, collected into a list. */
export function idAndPath(value: string, previous: readonly IdAndPath[] = []): readonly IdAndPath[] {
  const at = value.indexOf('=');
  const id = value.slice(0, Math.max(0, at)).trim();
  const path = value.slice(at + 1);
  if (at === -1 || id === '' || path === '') throw new InvalidArgumentError('Give ID=PATH, such as dir-1=./documents.');
  if (previous.some((one) => one.id === id)) throw new InvalidArgumentError(`${id} is given twice.`);
  return [...previous, { id, path }];
}

export interface IdAndPath {
  readonly id: string;
  readonly path: string;
}
