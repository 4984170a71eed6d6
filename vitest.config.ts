import { defineConfig } from 'vitest/config';

const { VITEST_JSON_REPORT } = process.env;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/support/global-setup.ts',
    testTimeout: 180_000,
    hookTimeout: 240_000,
    // Two cores: most tests wait for servers, so four files at a time take little more than their share of them.
    maxWorkers: 4,
    // For CI, which counts the tests.
    reporters:
      VITEST_JSON_REPORT === undefined ? ['default'] : ['default', ['json', { outputFile: VITEST_JSON_REPORT }]],
  },
});
