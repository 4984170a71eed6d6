import { toOneLine, truncate } from './text.js';

export type Redact = (text: string) => string;

const MAX_CAUSES = 3;
const MAX_STACK_LINES = 3;

/**
 * A small copy of what `fetch` threw: name, message, code and the top of the stack. Node puts a URL that it cannot read on its
 * errors, and other implementations of `fetch` put the whole request there.
 */
export function toCause(error: unknown, redact: Redact, left = MAX_CAUSES): Error {
  const safe = (text: unknown) => truncate(toOneLine(redact(String(text))));
  if (!(error instanceof Error)) return withStack(new Error(safe(error)), []);
  const { cause } = error;
  const rest = cause === undefined || left <= 1 ? undefined : { cause: toCause(cause, redact, left - 1) };
  const copy = new Error(safe(error.message), rest);
  copy.name = safe(error.name);
  // A message may have lines that look like a frame; they are redacted and bounded like frames.
  const lines = String(error.stack ?? '').split('\n', 100);
  const frames = lines.filter((line) => /^\s+at /.test(line)).slice(0, MAX_STACK_LINES);
  withStack(
    copy,
    frames.map((frame) => `    ${safe(frame)}`),
  );
  return 'code' in error ? Object.assign(copy, { code: safe(error.code) }) : copy;
}

function withStack(error: Error, frames: readonly string[]): Error {
  error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
  return error;
}
