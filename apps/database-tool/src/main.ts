import 'reflect-metadata';
import { warnOfUnknownSettings } from '@postern/settings';
import { runProgram } from '@postern/terminal';
import { buildProgram } from './program.js';

warnOfUnknownSettings();
await runProgram(buildProgram(), (error) => ({
  exitCode: 2,
  text: error instanceof Error ? (error.stack ?? error.message) : String(error),
}));
