import type { TestKafka } from './test-kafka.js';

const NONE: TestKafka = { address: '', secure: { address: '', certificateFile: '', username: '', password: '' } };

export interface Describe {
  (name: string, tests: () => void): void;
  skip(name: string, tests: () => void): void;
}

/**
 * jest's `describe`, for tests that need the run's broker. Where the machine can run none they are skipped, and say so; in
 * CI that is a failure. It is given jest's, since this library is used outside jest too.
 */
export function describeWithKafka(describe: Describe, name: string, tests: (kafka: TestKafka) => void): void {
  const { POSTERN_TEST_KAFKA: kafka, POSTERN_TEST_KAFKA_MISSING: missing } = process.env;
  if (kafka) return describe(name, () => tests(JSON.parse(kafka) as TestKafka));
  process.stderr.write(`NOT RUN: "${name}". ${missing ?? 'Run it by `npm test` or `npm run jest -- <file>`.'}\n`);
  return describe.skip(name, () => tests(NONE));
}
