import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProgram } from './program.js';

const ROOT = join(import.meta.dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');

/** Each command that does something, with its words: `users add`. */
function commandsOf(command: Command, words: readonly string[] = []): [string, Command][] {
  if (command.commands.length === 0) return [[words.join(' '), command]];
  return command.commands.flatMap((sub) => commandsOf(sub, [...words, sub.name()]));
}
const COMMANDS = commandsOf(buildProgram());

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
    for (const { long } of buildProgram().options.filter(({ long }) => long !== '--version')) {
      expect(page).toContain(`\`${String(long)}\``);
    }
  });
});
