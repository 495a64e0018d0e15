import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProgram as buildClient } from '../apps/cli/src/program.js';
import { buildProgram as buildDatabaseTool } from '../apps/database-tool/src/program.js';

// Read by Node as it is: it has no types.
const { programOf } = (await import('./program-of.mjs' as string)) as {
  programOf(args: readonly string[]): { program: string; args: readonly string[] };
};
const page = readFileSync(join(import.meta.dirname, '../docs/cli.md'), 'utf8');

/** Each command that does something, with its words: `users add`. */
function commandsOf(command: Command, words: readonly string[] = []): [string, Command][] {
  if (command.commands.length === 0) return [[words.join(' '), command]];
  return command.commands.flatMap((sub) => commandsOf(sub, [...words, sub.name()]));
}
const COMMANDS = [...commandsOf(buildClient()), ...commandsOf(buildDatabaseTool())];

const names = (program: Command) => program.commands.map((command) => command.name());

describe('the command line', () => {
  it.each(COMMANDS)('docs/cli.md has `%s`, its arguments, its options and an example', (words, command) => {
    const line = command.registeredArguments.map((argument) => {
      const name = argument.variadic ? `${argument.name()}...` : argument.name();
      return argument.required ? ` <${name}>` : ` [${name}]`;
    });
    expect(page).toContain(`\`${words}${line.join('')}\``);
    expect(page).toMatch(new RegExp(`^(\\$ )?([A-Z_]+=\\S+ )*postern ${words}( |$)`, 'm'));
    for (const { long } of command.options) expect(page).toContain(`\`${String(long)}\``);
  });

  it.each(COMMANDS)('`postern %s --help` has an example of it', (words, command) => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help).toMatch(new RegExp(`Examples:\n  .*postern ${words}`));
  });

  it('docs/cli.md has every global option', () => {
    for (const { long } of buildClient().options.filter(({ long }) => long !== '--version')) {
      expect(page).toContain(`\`${String(long)}\``);
    }
  });

  it('starts the program that has the command, with all its arguments', () => {
    const started = (program: string, args: readonly string[]) =>
      expect([args, programOf(args)]).toEqual([args, { program, args }]);
    for (const name of names(buildDatabaseTool())) started('database-tool', [name]);
    for (const name of names(buildClient())) started('cli', [name]);
    started('database-tool', ['--json', 'verify']);
    started('database-tool', ['help', 'verify']);
    started('cli', ['users', 'add', 'verify']);
    started('cli', ['users', 'add', 'start']);
    started('cli', []);
  });

  it('starts Postern itself, as one process or as services', () => {
    expect(programOf(['start'])).toEqual({ program: 'standalone', args: [] });
    expect(programOf(['services', '--instances', '2'])).toEqual({ program: 'supervisor', args: ['--instances', '2'] });
    expect(programOf(['start', '--help'])).toEqual({ program: 'standalone', args: ['--help'] });
    expect(programOf(['help', 'services'])).toEqual({ program: 'supervisor', args: ['--help'] });
    expect(programOf(['command-service'])).toEqual({ program: 'command-service', args: [] });
  });
});
