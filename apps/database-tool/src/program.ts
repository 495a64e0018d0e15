import { isUuid } from '@postern/contracts';
import { version, wholeNumber } from '@postern/terminal';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { READ_MODEL_NAMES, TOPIC_NAMES, type ReadModelName, type TopicName } from './choices.js';
import { OperatorCommand } from './operator-command.js';

const migrate = () =>
  new OperatorCommand('migrate')
    .description('update the schemas, and create the logins of the services')
    .addHelpText('after', MIGRATE_HELP)
    .runs(
      'Could not migrate',
      async ({ report }) => {
        const { ownerUrl, prepareDatabase } = await import('./migrate/prepare-database.js');
        await prepareDatabase(ownerUrl(), process.env);
        report('The database is up to date, and the services can log in.');
      },
      1,
    );

const MIGRATE_HELP = `
POSTERN_DATABASE_URL must be the owner's URL. The passwords of the services' logins are derived from the owner's, unless you set them
(POSTERN_COMMAND_SERVICE_PASSWORD and so on). \`postern start\` and \`postern services\` migrate by themselves.

Examples:
  POSTERN_DATABASE_URL=postgresql://owner:password@db.example/postern postern migrate`;

/** Exit code 0: the file is complete; 2: it is not. */
const backup = () =>
  new OperatorCommand('backup')
    .description('write the complete database into a file; Postern can keep running')
    .argument('<file>', 'a file that does not exist yet, such as postern-2026-11-29.backup')
    .addHelpText('after', BACKUP_HELP)
    .runsInterruptible('Could not make the backup', async (stop, to, file: string) => {
      const { makeBackup } = await import('./backup/backup.commands.js');
      await makeBackup(file, to, stop);
    });

const BACKUP_HELP = `
It reads the database of POSTERN_DATABASE_URL (the owner's URL), or the embedded one of POSTERN_DATA_DIR, as it is at one moment. The
file contains addresses of customers and hashes of API keys; only your account can read it.

Examples:
  postern backup postern-2026-11-29.backup`;

/** Exit code 0: restored and checked; 1: a check failed; 2: nothing was restored. */
const restore = () =>
  new OperatorCommand('restore')
    .description('load a backup into an empty database, and check the result; Postern must not run on it')
    .argument('<file>', 'a file of `postern backup`')
    .addHelpText('after', RESTORE_HELP)
    .runsInterruptible('Could not restore %s', async (stop, to, file: string) => {
      const { restoreBackup } = await import('./backup/backup.commands.js');
      await restoreBackup(file, to, stop);
    });

const RESTORE_HELP = `
It restores into the database of POSTERN_DATABASE_URL (the owner's URL), which must be empty, or into a new embedded one in
POSTERN_DATA_DIR. It restores everything or nothing, and then checks the API keys and the read models. The owner, cluster and
host may differ from those of the backup, so you can also move from the embedded database to your own.

Examples:
  POSTERN_DATA_DIR=/srv/postern postern restore postern-2026-11-29.backup
  POSTERN_DATABASE_URL=postgresql://owner:password@db.example/postern postern restore postern-2026-11-29.backup`;

const verify = () =>
  new OperatorCommand('verify')
    .description('compare each row of the read models with the journal; Postern can keep running')
    .addArgument(new Argument('[read-models...]', 'default: all').choices(READ_MODEL_NAMES))
    .option(
      '--examples <n>',
      'name at most this many wrong rows of each read model (0 to 1000)',
      wholeNumber(0, 1_000),
      10,
    )
    .addHelpText('after', VERIFY_HELP)
    .runsOnDatabase('Could not verify', async ({ url }, to, named: ReadModelName[], options: { examples: number }) => {
      const { compare, showComparisons } = await import('./read-models/read-models.js');
      const names = named.length === 0 ? READ_MODEL_NAMES : named;
      if (showComparisons(await compare(url, names, options.examples, to.report), to.output)) return;
      process.exitCode = 1;
      to.report('Some read models differ from the journal: see postern rebuild --help');
    });

const VERIFY_HELP = `
Exit code: 0 everything is equal, 1 something differs or not all rows could be compared, 2 the comparison was not possible.

Examples:
  postern verify
  postern verify denials --json
  postern verify relay-policies --examples 100`;

const rebuild = () =>
  new OperatorCommand('rebuild')
    .description('rebuild the tables of a read model from the journal, and switch to them; Postern can keep running')
    .addArgument(new Argument('<read-model>', 'the read model').choices(READ_MODEL_NAMES))
    .option('--resume', 'continue an interrupted rebuild, with the same release')
    .addHelpText('after', REBUILD_HELP)
    .runsOnDatabase(
      'Could not rebuild %s',
      async (database, { output, report }, name: ReadModelName, { resume = false }: { resume?: boolean }) => {
        const { READ_MODELS, rebuild } = await import('./read-models/read-models.js');
        const rebuilt = await rebuild(READ_MODELS[name], database, { resume }, report);
        report(`${name}: the new tables are live`);
        if (output.json) output.answer(rebuilt, String);
      },
      1,
    );

const REBUILD_HELP = `
Relays are not interrupted; readers wait for moments at most. The disk needs room for a second copy of the tables. If the rebuild is
interrupted, nothing is changed: run it again, from the beginning or with --resume.

Exit code: 0 the new tables are live, 1 they are not.

Examples:
  postern rebuild relay-policies
  postern rebuild denials
  postern rebuild denials --resume`;

const deadLetters = () =>
  new OperatorCommand('dead-letters')
    .description('denials that could not be read: list, read again, or discard them')
    .addCommand(
      new OperatorCommand('list')
        .description('the dead letters that wait, oldest first')
        .option('--all', 'also those that a retry has recorded, and discarded ones')
        .examples('postern dead-letters list', 'postern dead-letters list --all --json')
        .runsOnDatabase(NO_LETTERS, async ({ url }, to, { all = false }: { all?: boolean }) =>
          (await import('./dead-letters/dead-letters.js')).list(url, to, all),
        ),
    )
    .addCommand(
      new OperatorCommand('show')
        .description('one dead letter as JSON, with its event or the message as received')
        .argument('<id>', 'the id of a dead letter', letterId)
        .examples('postern dead-letters show 0198c0de-0000-7000-8000-0000000000d1')
        .runsOnDatabase(NO_LETTERS, async ({ url }, to, id: string) =>
          (await import('./dead-letters/dead-letters.js')).show(url, to, id),
        ),
    )
    .addCommand(
      new OperatorCommand('retry')
        .description('read them again with this release; what it can read is recorded once')
        .argument('[ids...]', 'ids of dead letters', letterIds)
        .option('--all', 'all dead letters that wait')
        .examples('postern dead-letters retry --all', 'postern dead-letters retry 0198c0de-0000-7000-8000-0000000000d1')
        .hook('preAction', (self) => {
          if ((self.opts<{ all?: boolean }>().all === true) === self.args.length > 0)
            self.error('Give the ids of dead letters, or --all.', { exitCode: 2 });
        })
        .runsOnDatabase(NO_LETTERS, async ({ url }, to, ids: string[]) =>
          (await import('./dead-letters/dead-letters.js')).retry(url, to, ids),
        ),
    )
    .addCommand(
      new OperatorCommand('discard')
        .description('mark them as done without recording them; their rows are kept')
        .argument('<ids...>', 'ids of dead letters', letterIds)
        .examples('postern dead-letters discard 0198c0de-0000-7000-8000-0000000000d1')
        .runsOnDatabase(NO_LETTERS, async ({ url }, to, ids: string[]) =>
          (await import('./dead-letters/dead-letters.js')).discard(url, to, ids),
        ),
    )
    .addHelpText('after', DEAD_LETTERS_HELP);

const NO_LETTERS = 'Could not read the dead letters';

function letterId(text: string): string {
  if (!isUuid(text)) throw new InvalidArgumentError('Give the id of a dead letter: see postern dead-letters list');
  return text;
}

function letterIds(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, letterId(text)];
}

const DEAD_LETTERS_HELP = `
Exit code: 0 success, 1 some are still not recorded, 2 the database could not be read.

Examples:
  postern dead-letters list
  postern dead-letters show 0198c0de-0000-7000-8000-0000000000d1
  postern dead-letters retry --all`;

const republish = () =>
  new OperatorCommand('republish')
    .description('refill Kafka topics, for example after they were deleted')
    .addArgument(new Argument('<topic...>', 'the topics').choices(TOPIC_NAMES))
    .addHelpText('after', REPUBLISH_HELP)
    .runsOnDatabase('Could not republish %s', async ({ url }, to, named: TopicName[]) =>
      (await import('./republish/republish.js')).republish(url, to, [...new Set(named)]),
    );

const REPUBLISH_HELP = `
It asks the process that publishes, through the database, and waits for it. smtp-users, auth-denials and tenants are deleted and
recreated, and newer events of all three wait meanwhile; relay-policies is not deleted. Postern's consumers skip what they have applied.
Other consumers start from the beginning, with the same ids and feed positions. The Kafka account of the command-service must be allowed
to delete the topics.

After a restore of the database, stop the services and run it for all four topics, with POSTERN_KAFKA_BROKERS and the other settings of
Kafka: it then deletes the topics itself, and the next start creates and fills them. It exits with 1, because nobody publishes yet.

Exit code: 0 the topics are complete, 1 nobody publishes or nothing advances, 2 it could not ask.

Examples:
  postern republish relay-policies
  postern republish smtp-users
  postern republish smtp-users tenants auth-denials relay-policies   # the broker lost everything`;

const makeSecrets = () =>
  new OperatorCommand('make-secrets')
    .description('write the passwords of docker-compose.yml, in a folder for each service; existing passwords are kept')
    .argument('<folder>', 'an existing folder')
    .argument('<owner>', 'the owner of the database')
    .argument('<database>', 'host:port/name')
    .examples('postern make-secrets /secrets postern postgres:5432/postern')
    .runs('Could not make the secrets', async ({ report }, folder: string, owner: string, database: string) => {
      const { makeSecrets } = await import('./migrate/make-secrets.js');
      await makeSecrets(folder, owner, database);
      report(`The secrets are in ${folder}.`);
    });

export function buildProgram(): Command {
  const program = new Command('postern')
    .description('Commands for operators, on the database of Postern.')
    .version(version())
    .option('--json', 'print results as JSON, and errors as JSON on standard error')
    .addHelpText('after', HELP);
  for (const command of [migrate, backup, restore, verify, rebuild, deadLetters, republish, makeSecrets])
    program.addCommand(command());
  return program;
}

const HELP = `
These commands use the database of POSTERN_DATABASE_URL (the owner's URL), or the embedded one of POSTERN_DATA_DIR, whose server they start
if it does not run. They need no API key. Progress goes to standard error.

Examples:
  postern verify
  postern backup postern.backup`;
