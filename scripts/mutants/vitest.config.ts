import { defineConfig } from 'vitest/config';

/** The tests that need no Temporal server: a mutant costs a run of those that reach it. */
export default defineConfig({
  test: {
    include: [
      'test/{protocol,llamacloud,outputs,activities}/**/*.test.ts',
      'test/workflows/batch/{create-batch.properties,manifest-line,state.properties}.test.ts',
      'test/workflows/shared/details.test.ts',
    ],
    setupFiles: './test/support/clear-logged.ts',
    testTimeout: 30_000,
  },
});
