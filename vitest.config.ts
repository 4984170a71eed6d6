import { defineConfig } from 'vitest/config';

const { VITEST_JSON_REPORT } = process.env;

/** These replace a module of Node, so each needs its own module graph. */
const MOCKING = ['full-disk', 'killed-writers', 'store-id-race'].map((name) => `test/outputs/${name}.test.ts`);

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
          testTimeout: 180_000,
          hookTimeout: 240_000,
        },
      },
      { test: { name: 'mocking', include: MOCKING } },
    ],
    // Most tests wait for servers, so two cores can run four files at a time.
    maxWorkers: 4,
    // CI counts the tests in the JSON report.
    reporters:
      VITEST_JSON_REPORT === undefined ? ['default'] : ['default', ['json', { outputFile: VITEST_JSON_REPORT }]],
  },
});
