const OF_DATABASE = new Set([
  'migrate',
  'backup',
  'restore',
  'verify',
  'rebuild',
  'dead-letters',
  'republish',
  'make-secrets',
]);

/**
 * Which program the arguments of `postern` are for, by the command, which comes first. `--json` may come before it.
 * @param {readonly string[]} args
 * @returns {'cli' | 'database-tool'}
 */
export function programOf(args) {
  const command = args.find((arg) => arg !== '--json' && arg !== 'help');
  return OF_DATABASE.has(command ?? '') ? 'database-tool' : 'cli';
}
