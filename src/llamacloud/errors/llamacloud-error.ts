/** What was asked for: the method and the path, never a header or a query that could hold a secret. */
export interface RequestInfo {
  method: string;
  /** Path of the API route, ids filled in; for a presigned URL, the words "presigned document". */
  path: string;
}

/** Parent of every error that {@link LlamaCloudClient} throws. */
export abstract class LlamaCloudError extends Error {
  override readonly name: string = 'LlamaCloudError';
  readonly request: RequestInfo;

  constructor(message: string, request: RequestInfo, options?: ErrorOptions) {
    super(`${message} (${request.method} ${request.path})`, options);
    this.request = request;
  }
}
