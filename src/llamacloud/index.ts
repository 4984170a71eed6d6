export * from './client.js';
export { ConnectionError } from './errors/connection-error.js';
export { HttpStatusError } from './errors/http-status-error.js';
export { LlamaCloudError, type RequestInfo } from './errors/llamacloud-error.js';
export { UnexpectedResponseError } from './errors/unexpected-response-error.js';
export type * from './params.js';
export type { Batch, BatchResult, DirectoryFile, ExtractJob, Page, ParseJob, ParseResult } from './schemas.js';
