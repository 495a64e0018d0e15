import { runProgram } from '@postern/terminal';
import { EXIT } from './exit-codes.js';
import { Failure } from './failure.js';
import { buildProgram } from './program.js';
import { tellFailure } from './tell-failure.js';

await runProgram(buildProgram(), (error, json) => ({
  text: tellFailure(error, json),
  exitCode: error instanceof Failure ? error.exitCode : EXIT.unavailable,
}));
