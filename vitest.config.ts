import { defineConfig } from 'vitest/config';

const { VITEST_JSON_REPORT } = process.env;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/support/global-setup.ts',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: the servers and workers that the tests start need them more than a third test file does.
    maxWorkers: 2,
    // For CI, which counts the tests.
    reporters:
      VITEST_JSON_REPORT === undefined ? ['default'] : ['default', ['json', { outputFile: VITEST_JSON_REPORT }]],
  },
});
