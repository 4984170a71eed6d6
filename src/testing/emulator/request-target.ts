/** Which requests a fault or a rewrite applies to. */
export interface RequestTarget {
  /** HTTP method, in upper or lower case. Default: all methods. */
  readonly method?: string;
  /** The exact path without the query, or a pattern. Default: every API route, but no presigned download. */
  readonly path?: string | RegExp;
}

const EMULATOR_PREFIX = '/__emulator/';
export const PRESIGNED_PREFIX = `${EMULATOR_PREFIX}files/`;

/** Targets for faults and rewrites, for example `faults.next({ kind: 'empty', ...TARGETS.download })`. */
export const TARGETS = {
  createBatch: { method: 'POST', path: '/api/v2/batches' },
  listBatches: { method: 'GET', path: '/api/v2/batches' },
  getBatch: { method: 'GET', path: /^\/api\/v2\/batches\/[^/]+$/ },
  cancelBatch: { method: 'POST', path: /^\/api\/v2\/batches\/[^/]+\/cancel$/ },
  listJobs: { method: 'GET', path: /^\/api\/v2\/(parse|extract)$/ },
  getJob: { method: 'GET', path: /^\/api\/v2\/(parse|extract)\/[^/]+$/ },
  cancelJob: { method: 'POST', path: /^\/api\/v2\/(parse|extract)\/[^/]+\/cancel$/ },
  listFiles: { method: 'GET', path: /^\/api\/v1\/beta\/directories\/[^/]+\/files$/ },
  createDirectory: { method: 'POST', path: '/api/v1/beta/directories' },
  listDirectories: { method: 'GET', path: '/api/v1/beta/directories' },
  deleteDirectory: { method: 'DELETE', path: /^\/api\/v1\/beta\/directories\/[^/]+$/ },
  uploadFile: { method: 'POST', path: /^\/api\/v1\/beta\/directories\/[^/]+\/files\/upload$/ },
  deleteFiles: { method: 'POST', path: /^\/api\/v1\/beta\/directories\/[^/]+\/files\/bulk-delete$/ },
  getConfiguration: { method: 'GET', path: /^\/api\/v1\/beta\/configurations\/[^/]+$/ },
  /** Downloads by presigned URL. */
  download: { method: 'GET', path: new RegExp(`^${PRESIGNED_PREFIX}`) },
} as const satisfies Record<string, RequestTarget>;

export function matchesRequest(target: RequestTarget, method: string, path: string): boolean {
  if (target.method !== undefined && target.method.toUpperCase() !== method) return false;
  if (target.path === undefined) return !path.startsWith(EMULATOR_PREFIX);
  return typeof target.path === 'string' ? target.path === path : path.search(target.path) !== -1;
}
