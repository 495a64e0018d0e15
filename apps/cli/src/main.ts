import { runProgram } from '@postern/terminal';
import { EXIT, Failure, failureText } from './failure.js';
import { buildProgram } from './program.js';

await runProgram(buildProgram(), (error, json) => ({
  text: failureText(error, json),
  exitCode: error instanceof Failure ? error.exitCode : EXIT.unavailable,
}));
