import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const { VITEST_JSON_REPORT } = process.env;

/** These replace a module, so each needs its own module graph. */
export const MOCKING = [
  'test/outputs/full-disk.test.ts',
  'test/outputs/killed-writers.test.ts',
  'test/outputs/store-id-race.test.ts',
  'test/outputs/store-id-without-links.test.ts',
  'test/workflows/batch/create-batch.properties.test.ts',
];

/** Long, and mostly waiting: started last, they would run when the others have ended. */
const LONG = [
  'test/soak/soak.test.ts',
  'test/simulation/simulation.test.ts',
  'test/workflows/batch/stop-bound.test.ts',
  'test/cli/sharing.test.ts',
  'test/cli/dev.test.ts',
];

/** For a busy machine: a test that hangs is rare, and one that is slow is not. */
export const TIMEOUTS = { testTimeout: 400_000, hookTimeout: 400_000 };

/** CI counts the tests in the JSON report. */
export const REPORTERS: NonNullable<ViteUserConfig['test']>['reporters'] =
  VITEST_JSON_REPORT === undefined ? ['default'] : ['default', ['json', { outputFile: VITEST_JSON_REPORT }]];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((path) => moduleId.endsWith(path));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          // `npm run examples` runs the examples.
          exclude: [...MOCKING, 'test/examples/**'],
          globalSetup: './test/support/global-setup.ts',
          setupFiles: './test/support/clear-logged.ts',
          // Loading Temporal's SDK for each file takes as long as most of the files do.
          isolate: false,
          ...TIMEOUTS,
        },
      },
      { test: { name: 'mocking', include: MOCKING, ...TIMEOUTS } },
    ],
    // Most tests wait for servers, so two cores can run six files at a time.
    maxWorkers: 6,
    reporters: REPORTERS,
  },
});
