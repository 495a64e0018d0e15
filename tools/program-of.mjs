const SERVERS = {
  start: 'standalone',
  services: 'supervisor',
  'command-service': 'command-service',
  'projection-service': 'projection-service',
  'audit-trail-service': 'audit-trail-service',
};
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
 * Which program the arguments of `postern` are for, by the command, which comes first, and the program's own arguments. `--json` may
 * come before the command of a command line.
 * @param {readonly string[]} args
 * @returns {{ program: string, args: readonly string[] }} the folder below `apps`
 */
export function programOf(args) {
  const [first = '', second = ''] = args;
  if (first === 'help' && Object.hasOwn(SERVERS, second)) return { program: SERVERS[second], args: ['--help'] };
  if (Object.hasOwn(SERVERS, first)) return { program: SERVERS[first], args: args.slice(1) };
  const command = args.find((arg) => arg !== '--json' && arg !== 'help');
  return { program: OF_DATABASE.has(command ?? '') ? 'database-tool' : 'cli', args };
}
