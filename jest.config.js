const swc = [
  '@swc/jest',
  { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
];
const shared = {
  rootDir: __dirname,
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': swc },
};

/** Unit and connector tests need nothing but loopback; workflow and integration tests get a real Temporal and MySQL from the global set-up. */
module.exports = {
  testTimeout: 900_000,
  testSequencer: '<rootDir>/test/sequencer.js',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/unit/**/*.test.ts', '<rootDir>/test/architecture.test.ts'],
    },
    {
      ...shared,
      displayName: 'connectors',
      testMatch: ['<rootDir>/test/connectors/**/*.test.ts', '<rootDir>/test/twins/**/*.test.ts'],
    },
    { ...shared, displayName: 'replay', testMatch: ['<rootDir>/test/replay/**/*.test.ts'] },
    {
      ...shared,
      displayName: 'servers',
      // Bundled once for all: a bundler in every test file is kept by jest's worker, some 200 MB each time.
      moduleNameMapper: { '/workflow-code$': '<rootDir>/test/servers/workflow-code.ts' },
      testMatch: ['<rootDir>/test/{store,workflows,integration}/**/*.test.ts'],
      globalSetup: '<rootDir>/test/servers/setup.ts',
      globalTeardown: '<rootDir>/test/servers/teardown.ts',
    },
  ],
};
