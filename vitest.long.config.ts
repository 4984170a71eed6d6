/** `npm run test:long`: the tests that take minutes each. `npm test` leaves them out. */
import { defineConfig } from 'vitest/config';
import { LONG_TESTS, REPORTERS, TIMEOUTS } from './vitest.config.js';

export default defineConfig({
  test: {
    include: LONG_TESTS,
    globalSetup: './test/examples/global-setup.ts',
    setupFiles: './test/support/clear-logged.ts',
    // Their processes use the CPU.
    maxWorkers: 2,
    reporters: REPORTERS,
    ...TIMEOUTS,
    // The build of the Go example takes minutes of CPU.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
