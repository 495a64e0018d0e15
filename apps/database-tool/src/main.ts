import 'reflect-metadata';
import { runProgram } from '@postern/terminal';
import { buildProgram } from './program.js';

await runProgram(buildProgram(), (error) => ({
  exitCode: 2,
  text: error instanceof Error ? (error.stack ?? error.message) : String(error),
}));
