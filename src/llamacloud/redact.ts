import { toOneLine, truncate } from './text.js';

export type Redact = (text: string) => string;

const MAX_CAUSES = 3;
const MAX_STACK_LINES = 3;

/**
 * Copies the name, message, code and top of the stack of what `fetch` threw. The original may hold secrets: Node adds an invalid URL to its
 * errors, and other implementations of `fetch` add the request.
 */
export function toCause(error: unknown, redact: Redact, maxCauses = MAX_CAUSES): Error {
  const safe = (text: unknown) => truncate(toOneLine(redact(String(text))));
  if (!(error instanceof Error)) return withStack(new Error(safe(error)), []);
  const { cause } = error;
  const options = cause === undefined || maxCauses <= 1 ? undefined : { cause: toCause(cause, redact, maxCauses - 1) };
  const copy = new Error(safe(error.message), options);
  copy.name = safe(error.name);
  // A message may have lines that look like frames. They are redacted and bounded too.
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
