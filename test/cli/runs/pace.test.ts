import { describe, expect, test } from 'vitest';
import { fromReport } from '../../../src/cli/runs/ended-progress.js';
import { PaceMeter, renderPace } from '../../../src/cli/runs/pace.js';
import type { FileCounts } from '../../../src/index.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-1' } as const;
const MINUTE = 60_000;

function counts(total: number, completed: number): FileCounts {
  return { total, completed, failed: 0, cancelled: 0, skipped: 0 };
}

const RESULTS = { job: JOB, failures: [], bytes: 0, credits: null, manifest: null };

function ofBatch(files: FileCounts) {
  return fromReport({ ...RESULTS, files, batchId: 'bat-1', directoryId: 'dir-1', status: 'COMPLETED' });
}

function ofDirectories(directories: FileCounts, files: FileCounts) {
  return fromReport({ ...RESULTS, directories, files });
}

describe('the pace of a run', () => {
  test('is not known before files have ended for some seconds', () => {
    const meter = new PaceMeter();
    expect(renderPace(meter.add(ofBatch(counts(0, 0)), 0))).toEqual([]);
    expect(renderPace(meter.add(ofBatch(counts(100, 10)), 10 * MINUTE))).toEqual([]);
    expect(renderPace(meter.add(ofBatch(counts(100, 20)), 10 * MINUTE + 1_000))).toEqual([]);
    expect(renderPace(meter.add(ofBatch(counts(100, 20)), 11 * MINUTE))).toEqual([
      'about 8 min left',
      '10 files a minute',
    ]);
  });

  test('is that of the last 5 minutes', () => {
    const meter = new PaceMeter();
    for (let minute = 0; minute <= 20; minute++) meter.add(ofBatch(counts(100, 4 * minute)), minute * MINUTE);
    for (let minute = 21; minute <= 26; minute++) meter.add(ofBatch(counts(100, 80 + minute - 20)), minute * MINUTE);
    expect(renderPace(meter.add(ofBatch(counts(100, 88)), 28 * MINUTE))).toEqual([
      'about 12 min left',
      '1 file a minute',
    ]);
    // Nothing ends any more.
    expect(renderPace(meter.add(ofBatch(counts(100, 88)), 60 * MINUTE))).toEqual([]);
  });

  test('of a run over many directories: the time left is that of the directories', () => {
    const meter = new PaceMeter();
    meter.add(ofDirectories(counts(10, 0), counts(0, 0)), 0);
    meter.add(ofDirectories(counts(10, 1), counts(50, 50)), 60 * MINUTE);
    const pace = meter.add(ofDirectories(counts(10, 2), counts(80, 80)), 62 * MINUTE);
    expect(pace).toEqual({ filesPerMinute: 15, secondsLeft: 8 * 31 * 60 });
    expect(renderPace(pace)).toEqual(['about 4 h left', '15 files a minute']);
  });

  test('nothing is left at the end', () => {
    const meter = new PaceMeter();
    meter.add(ofBatch(counts(10, 0)), 0);
    expect(renderPace(meter.add(ofBatch(counts(10, 10)), MINUTE))).toEqual(['10 files a minute']);
    expect(renderPace({ filesPerMinute: 0.25, secondsLeft: 0.2 })).toEqual(['about 1 s left', '0.3 files a minute']);
  });
});
