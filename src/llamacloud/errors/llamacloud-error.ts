/** The method and the path of a request, without headers and query, which may hold secrets. */
export interface RequestInfo {
  method: string;
  /** Path of the API route, with the ids. For a presigned URL: `presigned document`. */
  path: string;
}

/** Base class of the errors that {@link LlamaCloudClient} throws. */
export abstract class LlamaCloudError extends Error {
  override readonly name: string = 'LlamaCloudError';
  readonly request: RequestInfo;

  constructor(message: string, request: RequestInfo, options?: ErrorOptions) {
    super(`${message} (${request.method} ${request.path})`, options);
    this.request = request;
  }
}
