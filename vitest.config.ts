import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const { VITEST_JSON_REPORT } = process.env;

/** These replace a module, so each needs its own module graph. */
export const MOCKING = [
  'test/outputs/full-disk.test.ts',
  'test/outputs/killed-writers.test.ts',
  'test/outputs/store-id-race.test.ts',
  'test/outputs/store-id-without-links.test.ts',
  'test/workflows/batch/cancel-remote.test.ts',
  'test/workflows/batch/create-batch.properties.test.ts',
];

/** `npm run test:long` runs these: they start processes, S3 servers or time-skipping servers, or wait for minutes. */
export const LONG_TESTS = [
  'test/cli/{dev,directories,emulator,list,process,runs,schedule,sharing,usage,watch,webhooks}.test.ts',
  'test/cli/commands/worker/*.test.ts',
  'test/docs/operations.test.ts',
  'test/examples/**/*.test.ts',
  'test/outputs/s3-*.test.ts',
  'test/package/packed.test.ts',
  'test/simulation/simulation.test.ts',
  'test/soak/soak.test.ts',
  'test/testing/temporal/{prepare,servers}.test.ts',
  'test/ui/temporal-ui.test.ts',
  'test/workflows/batch/{account-paused,create-outage,job-timeout,long-wait,stop-bound}.test.ts',
  'test/workflows/corpus/*.test.ts',
  'test/workflows/directories/{ending,resets,stop-bound}.test.ts',
];

/** These wait for a minute or two: started last, they would run when the others have ended. */
const WAITING = [
  'test/workflows/batch/ending.test.ts',
  'test/workflows/batch/stop.test.ts',
  'test/workflows/batch/children.test.ts',
  'test/workflows/batch/lost-responses.test.ts',
  'test/workflows/batch/reset-creates.test.ts',
  'test/workflows/batch/stopped-creates.test.ts',
];

/** For a busy machine: a test that hangs is rare, and one that is slow is not. */
export const TIMEOUTS = { testTimeout: 400_000, hookTimeout: 400_000 };

/** CI counts the tests in the JSON report. */
export const REPORTERS: NonNullable<NonNullable<ViteUserConfig['test']>['reporters']> =
  VITEST_JSON_REPORT === undefined ? ['default'] : ['default', ['json', { outputFile: VITEST_JSON_REPORT }]];

class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isWaiting = ({ moduleId }: TestSpecification) => WAITING.some((path) => moduleId.endsWith(path));
    const sorted = await super.sort(files);
    return [...sorted.filter(isWaiting), ...sorted.filter((file) => !isWaiting(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: WaitingFirst },
    projects: [
      {
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [...MOCKING, ...LONG_TESTS],
          globalSetup: './test/support/global-setup.ts',
          setupFiles: './test/support/clear-logged.ts',
          // Loading Temporal's SDK for each file takes as long as most of the files do.
          isolate: false,
          ...TIMEOUTS,
        },
      },
      { test: { name: 'mocking', include: MOCKING, ...TIMEOUTS } },
    ],
    // Most tests wait for servers, so two cores can run eight files at a time.
    maxWorkers: 8,
    reporters: REPORTERS,
  },
});
