const js = { '^(\\.{1,2}/.*)\\.js$': '$1' };
const libraries = {
  '^@postern/([^/]+-service)$': '<rootDir>/apps/$1/src/index.ts',
  '^@postern/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
};

/** @type {import('jest').Config} */
export default {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/examples', '<rootDir>/tools'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: false, ...swcOptions() }] },
  moduleNameMapper: { ...libraries, ...js },
  testEnvironment: '<rootDir>/tools/jest/environment.mjs',
  globalSetup: '<rootDir>/tools/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/tools/jest/global-teardown.mjs',
  // One bound for all, above that of `until`; most tests take less than a second.
  testTimeout: 300_000,
  testSequencer: '<rootDir>/tools/jest/longest-first.mjs',
  // One more than CI has cores: much of the time of the longest files is waiting.
  maxWorkers: 3,
};

function swcOptions() {
  return {
    sourceMaps: 'inline',
    module: { type: 'es6' },
    jsc: {
      target: 'es2024',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      keepClassNames: true,
    },
  };
}
