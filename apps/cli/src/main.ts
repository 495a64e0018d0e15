import { runProgram } from '@postern/terminal';
import { EXIT, Failure, tellFailure } from './failure.js';
import { buildProgram } from './program.js';

await runProgram(buildProgram(), (error, json) => ({
  text: tellFailure(error, json),
  exitCode: error instanceof Failure ? error.exitCode : EXIT.unavailable,
}));
