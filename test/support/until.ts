/** A request to the server, or a query to a worker, costs each some milliseconds of CPU. */
const MAX_PAUSE_MS = 100;

/** Polls until a condition holds, and returns its value. Fails with what it waited for. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 180_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = 10; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    const asked = ask();
    const answer = await asked;
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`still waiting for ${what} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, asked instanceof Promise ? pauseMs : 10));
  }
}
