import { defineConfig } from 'vitest/config';
import { MOCKING } from '../../vitest.config.js';

/** The tests that need no Temporal server: a mutant costs a run of those that reach it. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'tests',
          include: [
            'test/{protocol,llamacloud,outputs,activities}/**/*.test.ts',
            'test/workflows/batch/{manifest-line,state.properties}.test.ts',
            'test/workflows/shared/details.test.ts',
          ],
          exclude: MOCKING,
          setupFiles: './test/support/clear-logged.ts',
          isolate: false,
          testTimeout: 30_000,
        },
      },
      { test: { name: 'mocking', include: MOCKING, testTimeout: 30_000 } },
    ],
  },
});
