import { loadSettings, SettingInvalid } from '@postern/settings';
import { Command } from 'commander';
import { runCommand } from '../run-command.js';
import { makeSecrets } from './make-secrets.js';
import { prepareDatabase } from './prepare-database.js';

/** `postern migrate`: what comes before the services start, each a process of its own. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the schemas up to date, and make the logins of the services')
    .addHelpText('after', MIGRATE_HELP)
    .action(async (_: unknown, command: Command) => {
      await runCommand(
        command,
        'Could not migrate',
        async ({ report }) => {
          const { databaseUrl } = loadSettings(process.env);
          if (databaseUrl === null)
            throw new SettingInvalid('POSTERN_DATABASE_URL must be set, to the URL of the owner of the database.');
          await prepareDatabase(databaseUrl, process.env);
          report('The database is up to date, and the services can log in.');
        },
        1,
      );
    });
}

/** `postern make-secrets`: the one-shot service `secrets` of docker-compose.yml. */
export function makeSecretsCommand(): Command {
  return new Command('make-secrets')
    .description('write the passwords of docker-compose.yml into a folder for each reader; those that exist are kept')
    .argument('<folder>', 'it must exist')
    .argument('<owner>', 'the owner of the database')
    .argument('<database>', 'host:port/name')
    .addHelpText('after', '\nExamples:\n  postern make-secrets /secrets postern postgres:5432/postern')
    .action(async (folder: string, owner: string, database: string, _: unknown, command: Command) => {
      await runCommand(command, 'Could not make the secrets', async ({ report }) => {
        await makeSecrets(folder, owner, database);
        report(`The secrets are in ${folder}.`);
      });
    });
}

const MIGRATE_HELP = `
The owner's URL is in POSTERN_DATABASE_URL. Passwords of the services' logins may be given (POSTERN_COMMAND_SERVICE_PASSWORD and so on); else
they are derived from the owner's. \`npm start\` and \`npm run services\` do all of this by themselves.

Examples:
  POSTERN_DATABASE_URL=postgresql://owner:password@db.example/postern postern migrate`;
