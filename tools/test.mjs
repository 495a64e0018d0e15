// `npm test`: prepares, then runs every test that this machine can run, and says what ran. Arguments go to jest.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { node, prepare, root } from './prepare.mjs';

prepare();
const folder = mkdtempSync(join(tmpdir(), 'postern-jest-'));
const report = join(folder, 'report.json');
/** What the processes that tests start have compiled: hundreds of them load the same modules. */
const compiled = process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'compiled');
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(
  node,
  [...flags, jest, '--ci', '--json', `--outputFile=${report}`, ...process.argv.slice(2)],
  // jest prints its JSON on standard output too, which must have only the summary.
  { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: compiled } },
);
process.exitCode = summarise(status ?? 1);
rmSync(folder, { recursive: true, force: true });

function summarise(exitCode) {
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    console.log('jest ended without a report: see above.');
    return exitCode || 1;
  }
  const {
    numPassedTests: passed,
    numFailedTests: failed,
    numTotalTestSuites: files,
    numFailedTestSuites: filesFailed,
  } = results;
  const left = results.numPendingTests + results.numTodoTests;
  console.log(`\n${files} test files, ${filesFailed} with failures.`);
  // A file that cannot even be loaded has no test to count.
  const broken = results.numRuntimeErrorTestSuites;
  if (broken > 0) console.log(`${broken} test files could not be loaded: see above.`);
  if (left > 0) {
    console.log(`NOT RUN: ${left} tests. They say why above; in CI this is a failure.`);
  } else {
    console.log('Every test ran; none was skipped.');
  }
  console.log(`${passed} passed, ${failed + broken} failed`);
  if (passed === 0) return 1;
  return exitCode || (process.env.CI && left > 0 ? 1 : 0);
}
