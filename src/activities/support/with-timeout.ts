/**
 * Runs requests with a timeout. The signal that they get aborts after `timeoutMs`, or when `signal` does.
 *
 * Not with `AbortSignal.any` and `AbortSignal.timeout`: Node 20 may collect such signals as garbage too early.
 */
export async function withTimeout<T>(
  signal: AbortSignal,
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', abort);
  const timer = setTimeout(() => {
    controller.abort(new Error(`the list was not complete after ${timeoutMs / 1_000} s`));
  }, timeoutMs);
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
