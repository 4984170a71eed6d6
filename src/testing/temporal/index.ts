/** Local Temporal servers. */
export { type LocalTemporal, type LocalTemporalOptions, startLocalTemporal } from './local.js';
export {
  ExecutableNotFound,
  type ExecutableSource,
  type ResolvedExecutable,
  type ResolveOptions,
  resolveTemporalCli,
  resolveTestServer,
} from './resolve.js';
export {
  startTimeSkippingTemporal,
  type TimeSkippingTemporal,
  type TimeSkippingTemporalOptions,
} from './time-skipping.js';
