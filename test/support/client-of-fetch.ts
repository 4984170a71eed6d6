import { LlamaCloudClient, type LlamaCloudClientOptions } from '../../src/llamacloud/index.js';

/** Status, body and headers of a response. A body that is not text is sent as JSON. */
export interface Reply {
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
}

/**
 * The real client over a `fetch` that answers without a network: a property sends hundreds of requests.
 *
 * @param respond Throws in place of a connection that fails.
 */
export function clientOfFetch(
  respond: (request: Request) => Reply,
  options: Partial<LlamaCloudClientOptions> = {},
): LlamaCloudClient {
  return new LlamaCloudClient({
    apiKey: 'llx-of-a-property',
    fetch: async (...request) => {
      const { status = 200, body, headers = {} } = respond(new Request(...request));
      const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const hasBody = ![101, 204, 205, 304].includes(status);
      return new Response(hasBody ? content : null, { status, headers });
    },
    ...options,
  });
}
