/** `npm run test:long`: the tests that take minutes. `npm test` leaves them out. */
import { defineConfig } from 'vitest/config';
import { LONG_TESTS, REPORTERS, TIMEOUTS } from './vitest.config.js';

export default defineConfig({
  test: {
    include: LONG_TESTS,
    globalSetup: ['./test/support/global-setup.ts', './test/examples/global-setup.ts'],
    setupFiles: './test/support/clear-logged.ts',
    maxWorkers: 4,
    reporters: REPORTERS,
    ...TIMEOUTS,
    // The build of the Go example takes minutes of CPU.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
