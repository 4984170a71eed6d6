// Counts requests that succeeded while faults were active: a simulation without them proves nothing.

export const OPERATIONS = {
  'list batches': /^GET \/api\/v2\/batches$/,
  'create batch': /^POST \/api\/v2\/batches$/,
  'get batch': /^GET \/api\/v2\/batches\/[^/]+$/,
  'cancel batch': /^POST \/api\/v2\/batches\/[^/]+\/cancel$/,
  'list jobs': /^GET \/api\/v2\/parse$/,
  'get job': /^GET \/api\/v2\/parse\/[^/]+$/,
  'cancel job': /^POST \/api\/v2\/parse\/[^/]+\/cancel$/,
  'list files': /^GET \/api\/v1\/beta\/directories\/[^/]+\/files$/,
  download: /^GET \/__emulator\/files\//,
};

/**
 * By operation, of a scenario that had faults. Faults whose response may be a 2xx are taken off, which may be more than there were.
 */
export function countSuccesses({ requests, hits }) {
  if (hits.length === 0) return {};
  const counts = {};
  for (const { method, path, status } of requests) {
    if (status >= 200 && status < 300) increment(counts, `${method} ${path}`, 1);
  }
  for (const { kind, method, path } of hits) {
    if (['truncated', 'truncated-close-delimited', 'partial', 'empty', 'wrong-json', 'html'].includes(kind)) {
      increment(counts, `${method} ${path}`, -1);
    }
  }
  return counts;
}

function increment(counts, request, by) {
  for (const [name, pattern] of Object.entries(OPERATIONS)) {
    if (pattern.test(request)) counts[name] = (counts[name] ?? 0) + by;
  }
}

export function mergeCounts(totals, counts) {
  for (const [name, value] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + value;
}
