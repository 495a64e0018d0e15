import { CommanderError } from 'commander';
import { EXIT } from './exit-codes.js';
import { Failure } from './failure.js';
import { buildProgram } from './program.js';
import { tellFailure } from './tell-failure.js';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads the answer had enough, as `head` does.
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  process.stderr.write(`postern: standard output: ${error.message}\n`);
  process.exit(EXIT.usage);
});

const program = buildProgram();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // It has told what was wrong already; help and version that were asked for are no errors.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    process.stderr.write(`${tellFailure(error, program.opts<{ json?: boolean }>().json ?? false)}\n`);
    process.exitCode = error instanceof Failure ? error.exitCode : EXIT.unavailable;
  }
}
