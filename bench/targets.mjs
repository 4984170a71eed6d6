// The targets of the measurements, which docs/performance.md lists.
const findSize = (rows, files) => rows.find((row) => row.files === files);

/** `name: { value, atMost or atLeast, met }` of every target that was measured. */
export function evaluateTargets({ fanOut, wallTime, waiting, detection, waking, memory }) {
  const targets = {};
  const requireAtMost = (name, value, target) => {
    if (Number.isFinite(value)) targets[name] = { value, atMost: target, met: value <= target };
  };
  const requireAtLeast = (name, value, target) => {
    if (Number.isFinite(value)) targets[name] = { value, atLeast: target, met: value >= target };
  };
  if (fanOut !== undefined) {
    const [smallest, thousand, largest] = [findSize(fanOut, 100), findSize(fanOut, 1_000), findSize(fanOut, 3_000)];
    requireAtLeast('fanOutOverBaselineAt1000', thousand?.ours.filesPerSecond / thousand?.baseline?.filesPerSecond, 2.5);
    requireAtLeast(
      'fanOutOverLowerBoundAt1000',
      thousand?.ours.filesPerSecond / thousand?.lowerBound.filesPerSecond,
      0.9,
    );
    requireAtLeast('fanOutAt3000Over100', largest?.ours.filesPerSecond / smallest?.ours.filesPerSecond, 0.9);
    requireAtMost('parentEventsPerFile', thousand?.ours.eventsPerFile, 4.5);
    requireAtMost('parentBytesPerFile', thousand?.ours.bytesPerFile, 2_000);
  }
  if (wallTime !== undefined) {
    const [ours, vendor] = ['ours', 'vendor'].map((name) => wallTime.find((row) => row.name === name));
    requireAtMost('requestsPerFile', ours.requestsPerFile, 1.2);
    requireAtMost('wallTimeOverVendor', ours.seconds / vendor.seconds, 1.15);
    requireAtMost('requestsOverVendor', ours.requests / vendor.requests, 0.2);
  }
  if (waiting !== undefined) {
    requireAtMost('eventsOf24Hours', waiting.day.ours.events, 25);
    requireAtMost('requestsOfAnHour', waiting.hour.ours.requests, 110);
  }
  for (const { name, waitedMs, mostLateShare } of detection ?? []) {
    if (name === 'ours') requireAtMost(`detectionShareAt${waitedMs / 1_000}s`, mostLateShare, 0.1);
  }
  if (waking !== undefined) requireAtMost('wakeMs', waking.mostMs, 1_000);
  if (memory !== undefined) {
    requireAtMost(
      'memoryAt10000Over1000',
      findSize(memory, 10_000)?.peakBytes / findSize(memory, 1_000)?.peakBytes,
      1.3,
    );
  }
  return targets;
}
