// `npm run mutants`: changes the code in small ways, and counts the changes that no fast test notices. https://stryker-mutator.io
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'scripts/mutants/vitest.config.ts' },
  // TypeScript 7 has no compiler API, with which Stryker would rewrite the file.
  tsconfigFile: 'none.json',
  mutate: [
    'src/{protocol,llamacloud,outputs,activities,webhooks}/**/*.ts',
    // What is pure, or tested without a server.
    'src/workflows/batch/{create-batch,find-new-batch,post-failure,cancel-created-batch,manifest-line,state}.ts',
    'src/workflows/shared/details.ts',
  ],
  ignorePatterns: ['/docs', '/dist', '/out', '/.cluster', '/examples', '/bench', '/test/histories'],
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 10_000,
  reporters: ['clear-text', 'json', 'html', 'progress-append-only'],
  jsonReporter: { fileName: 'reports/mutants.json' },
  htmlReporter: { fileName: 'reports/mutants.html' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  tempDirName: '.mutants',
  thresholds: { high: 95, low: 90, break: 90 },
};
