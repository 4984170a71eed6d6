import { defineConfig } from 'vitest/config';

const { VITEST_JSON_REPORT } = process.env;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/support/global-setup.ts',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Most tests wait for servers, so two cores can run four files at a time.
    maxWorkers: 4,
    // CI counts the tests in the JSON report.
    reporters:
      VITEST_JSON_REPORT === undefined ? ['default'] : ['default', ['json', { outputFile: VITEST_JSON_REPORT }]],
  },
});
