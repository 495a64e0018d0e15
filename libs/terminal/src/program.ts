import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Failed {
  readonly exitCode: number;
  readonly text: string;
}

const USAGE = 2;

/** For a server without arguments. Unknown options are refused without a start. */
export function runServer(name: string, description: string, start: () => void): Promise<void> {
  return runProgram(serverCommand(name, description).action(start));
}

export function serverCommand(name: string, description: string): Command {
  return new Command(name)
    .description(`${description} The settings come from the environment: docs/settings.md.`)
    .version(version());
}

/** `failed` converts an error to the program's message and exit code. */
export async function runProgram(
  program: Command,
  failed: (error: unknown, json: boolean) => Failed = plainly,
): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has read enough, like `head`.
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`${program.name()}: standard output: ${error.message}\n`);
    process.exit(USAGE);
  });
  settle(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // The message was already printed; requested help and version are not errors.
      process.exitCode = error.exitCode === 0 ? 0 : USAGE;
    } else {
      const { exitCode, text } = failed(error, program.opts<{ json?: boolean }>().json ?? false);
      process.stderr.write(`${text}\n`);
      process.exitCode = exitCode;
    }
  }
}

function plainly(error: unknown): Failed {
  return { exitCode: 1, text: error instanceof Error ? error.message : String(error) };
}

/** `addCommand` does not inherit: each command must throw, show global options, and refuse unknown arguments. */
function settle(command: Command, parent = ''): void {
  const name = `${parent}${command.name()}`;
  command
    .exitOverride()
    .allowExcessArguments(false)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError(`Try: ${name} --help`);
  for (const sub of command.commands) settle(sub, `${name} `);
}

export class TerminalCommand extends Command {
  examples(...lines: readonly string[]): this {
    return this.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

export function version(): string {
  const root = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]terminal[\\/]src$/, '');
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}
