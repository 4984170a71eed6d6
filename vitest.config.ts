import { defineConfig } from 'vitest/config';

const { VITEST_JSON_REPORT } = process.env;

/** Replace a module of Node's: they need one of their own. */
const MOCKING = ['test/outputs/full-disk.test.ts', 'test/outputs/store-id-race.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: MOCKING,
          globalSetup: './test/support/global-setup.ts',
          setupFiles: './test/support/clear-logged.ts',
          // Loading Temporal's SDK for each file takes as long as most of the files do.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      { test: { name: 'mocking', include: MOCKING } },
    ],
    // Two cores: most tests wait for servers, so four files at a time take little more than their share of them.
    maxWorkers: 4,
    // For CI, which counts the tests.
    reporters:
      VITEST_JSON_REPORT === undefined ? ['default'] : ['default', ['json', { outputFile: VITEST_JSON_REPORT }]],
  },
});
