/** What arrived of a body: all of it, or why not. `slow`: not all of it arrived in time, or the connection broke. */
export type ReadBody = { body: Uint8Array } | { refused: 'oversized' | 'slow' };

/**
 * Reads a body of at most `maxBytes` within `timeoutMs`. The rest of a larger or slower one is not read. It is not cancelled either: a
 * server may then close the connection before it has sent the response.
 *
 * @throws TypeError if something else has read the body.
 */
export async function readBody(request: Request, maxBytes: number, timeoutMs: number): Promise<ReadBody> {
  if (request.bodyUsed) {
    throw new TypeError(
      'The body of the delivery has been read already: its signature is of the raw body, so no other code may read it first',
    );
  }
  if (Number(request.headers.get('content-length')) > maxBytes) return { refused: 'oversized' };
  if (request.body === null) return { body: new Uint8Array() };
  const reader = request.body.getReader();
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<ReadBody>((resolve) => {
    timer = setTimeout(() => resolve({ refused: 'slow' }), timeoutMs);
  });
  try {
    return await Promise.race([readAll(reader, maxBytes), timeUp]);
  } catch {
    return { refused: 'slow' };
  } finally {
    clearTimeout(timer);
    // A read that is under way fails.
    reader.releaseLock();
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>, maxBytes: number): Promise<ReadBody> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { body: Buffer.concat(chunks) };
    bytes += value.byteLength;
    if (bytes > maxBytes) return { refused: 'oversized' };
    chunks.push(value);
  }
}
