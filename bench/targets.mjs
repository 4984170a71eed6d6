// What the numbers have to be. Each is a field of `npm run bench -- --json`, listed in docs/performance.md.
const at = (rows, files) => rows.find((row) => row.files === files);

/** `name: { value, target, met }` of every target that was measured. */
export function targetsOf({ fanOut, wallTime, waiting, detection, waking, memory }) {
  const targets = {};
  const most = (name, value, target) => {
    if (Number.isFinite(value)) targets[name] = { value, atMost: target, met: value <= target };
  };
  const least = (name, value, target) => {
    if (Number.isFinite(value)) targets[name] = { value, atLeast: target, met: value >= target };
  };
  if (fanOut !== undefined) {
    const [smallest, thousand, largest] = [at(fanOut, 100), at(fanOut, 1_000), at(fanOut, 3_000)];
    least('fanOutOverBaselineAt1000', thousand?.ours.filesPerSecond / thousand?.baseline?.filesPerSecond, 2.5);
    least('fanOutOverLowerBoundAt1000', thousand?.ours.filesPerSecond / thousand?.lowerBound.filesPerSecond, 0.9);
    least('fanOutAt3000Over100', largest?.ours.filesPerSecond / smallest?.ours.filesPerSecond, 0.9);
    most('parentEventsPerFile', thousand?.ours.eventsPerFile, 4.5);
    most('parentBytesPerFile', thousand?.ours.bytesPerFile, 2_000);
  }
  if (wallTime !== undefined) {
    const [ours, vendor] = ['ours', 'vendor'].map((name) => wallTime.find((row) => row.name === name));
    most('requestsPerFile', ours.requestsPerFile, 1.2);
    most('wallTimeOverVendor', ours.seconds / vendor.seconds, 1.15);
    most('requestsOverVendor', ours.requests / vendor.requests, 0.2);
  }
  if (waiting !== undefined) {
    most('eventsOf24Hours', waiting.day.ours.events, 25);
    most('requestsOfAnHour', waiting.hour.ours.requests, 110);
  }
  for (const { name, waitedMs, mostLateShare } of detection ?? []) {
    if (name === 'ours') most(`detectionShareAt${waitedMs / 1_000}s`, mostLateShare, 0.1);
  }
  if (waking !== undefined) most('wakeMs', waking.mostMs, 1_000);
  if (memory !== undefined) {
    most('memoryAt10000Over1000', at(memory, 10_000)?.peakBytes / at(memory, 1_000)?.peakBytes, 1.3);
  }
  return targets;
}
