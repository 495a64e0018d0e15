import { isUuid } from '@postern/contracts';
import { version, wholeNumber } from '@postern/terminal';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { READ_MODEL_NAMES, TOPIC_NAMES, type ReadModelName, type TopicName } from './choices.js';
import { OperatorCommand } from './operator-command.js';

const migrate = () =>
  new OperatorCommand('migrate')
    .description('bring the schemas up to date, and make the logins of the services')
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
The owner's URL is in POSTERN_DATABASE_URL. Passwords of the services' logins may be given (POSTERN_COMMAND_SERVICE_PASSWORD and so on); else
they are derived from the owner's. \`postern start\` and \`postern services\` do all of this by themselves.

Examples:
  POSTERN_DATABASE_URL=postgresql://owner:password@db.example/postern postern migrate`;

/** Exit code 0: the file is complete; 2: it is not. */
const backup = () =>
  new OperatorCommand('backup')
    .description('write everything in the database into a file; Postern may run meanwhile')
    .argument('<file>', 'a file that does not exist yet, such as postern-2026-11-29.backup')
    .addHelpText('after', BACKUP_HELP)
    .runsInterruptible('Could not make the backup', async (stop, to, file: string) => {
      const { makeBackup } = await import('./backup/backup.commands.js');
      await makeBackup(file, to, stop);
    });

const BACKUP_HELP = `
It reads the database itself: that of POSTERN_DATABASE_URL (as its owner), or the embedded one of POSTERN_DATA_DIR. All is of one
moment. The file has addresses of customers and hashes of API keys: it is made for your account alone.

Examples:
  postern backup postern-2026-11-29.backup`;

/** Exit code 0: restored and checked; 1: a check failed; 2: nothing was restored. */
const restore = () =>
  new OperatorCommand('restore')
    .description('put a backup into an empty database, and check what came of it; Postern must not run on it')
    .argument('<file>', 'a file that `postern backup` has made')
    .addHelpText('after', RESTORE_HELP)
    .runsInterruptible('Could not restore %s', async (stop, to, file: string) => {
      const { restoreBackup } = await import('./backup/backup.commands.js');
      await restoreBackup(file, to, stop);
    });

const RESTORE_HELP = `
Into the database of POSTERN_DATABASE_URL (as its owner), or a new embedded one in POSTERN_DATA_DIR. It must be empty. All is restored
or nothing. Then the feed, the API keys and the read models are checked. Owner, cluster and host may be others than before: this is
also the way from the embedded database to your own.

Examples:
  POSTERN_DATA_DIR=/srv/postern postern restore postern-2026-11-29.backup
  POSTERN_DATABASE_URL=postgresql://owner:password@db.example/postern postern restore postern-2026-11-29.backup`;

/** Exit code 0: all equal; 1: differences; 2: could not compare. */
const verify = () =>
  new OperatorCommand('verify')
    .description('compare each row of the read models with the journal, while Postern runs or not')
    .addArgument(new Argument('[read-models...]', 'which ones; all, unless named').choices(READ_MODEL_NAMES))
    .option(
      '--examples <n>',
      'name at most this many differing rows of a read model (0 to 1000)',
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
It reads the database itself: that of POSTERN_DATABASE_URL, or the embedded one of POSTERN_DATA_DIR, which it starts where no
Postern runs on it. Progress goes to standard error.

Exit code: 0 all is equal, 1 something differs, 2 it could not be found out.

Examples:
  postern verify
  postern verify denials --json
  postern verify relay-policies --examples 100`;

/** Exit code 0: the new tables are live; 1: they are not. */
const rebuild = () =>
  new OperatorCommand('rebuild')
    .description(
      'make the tables of a read model again from the journal, and switch to them, while Postern runs or not',
    )
    .addArgument(new Argument('<read-model>', 'which one').choices(READ_MODEL_NAMES))
    .option('--resume', 'continue a rebuild of this release that did not come to its end')
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
Relays see no gap and take no snapshot; readers wait for moments at most. Killed half-way, nothing is changed: run it again, from the
beginning or with --resume. It needs room for a second copy of the tables.

Examples:
  postern rebuild relay-policies
  postern rebuild denials
  postern rebuild denials --resume`;

const deadLetters = () =>
  new OperatorCommand('dead-letters')
    .description('denials that could not be read: list them, and read them again')
    .addCommand(
      new OperatorCommand('list')
        .description('those that wait, oldest first')
        .option('--all', 'also what a retry has put on record, and what was discarded')
        .examples('postern dead-letters list', 'postern dead-letters list --all --json')
        .runsOnDatabase(NO_LETTERS, async ({ url }, to, { all = false }: { all?: boolean }) =>
          (await import('./dead-letters/dead-letters.js')).list(url, to, all),
        ),
    )
    .addCommand(
      new OperatorCommand('show')
        .description('one of them complete, as JSON: the event, or the message as it was received')
        .argument('<id>', 'which one', letterId)
        .examples('postern dead-letters show 0198c0de-0000-7000-8000-0000000000d1')
        .runsOnDatabase(NO_LETTERS, async ({ url }, to, id: string) =>
          (await import('./dead-letters/dead-letters.js')).show(url, to, id),
        ),
    )
    .addCommand(
      new OperatorCommand('retry')
        .description('read them again with this release; readable ones are recorded, once')
        .argument('[ids...]', 'which ones', letterIds)
        .option('--all', 'all that wait')
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
        .description('say of those that are nothing that they wait no more; they are kept')
        .argument('<ids...>', 'which ones', letterIds)
        .examples('postern dead-letters discard 0198c0de-0000-7000-8000-0000000000d1')
        .runsOnDatabase(NO_LETTERS, async ({ url }, to, ids: string[]) =>
          (await import('./dead-letters/dead-letters.js')).discard(url, to, ids),
        ),
    )
    .addHelpText('after', DEAD_LETTERS_HELP);

const NO_LETTERS = 'Could not look at the dead letters';

function letterId(text: string): string {
  if (!isUuid(text)) throw new InvalidArgumentError('Give the id of a dead letter: see postern dead-letters list');
  return text;
}

function letterIds(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, letterId(text)];
}

const DEAD_LETTERS_HELP = `
They are in the database itself: that of POSTERN_DATABASE_URL, or the embedded one of POSTERN_DATA_DIR. Postern may run meanwhile.

Exit code: 0 done, 1 some are still not on record, 2 it could not be found out.

Examples:
  postern dead-letters list
  postern dead-letters show 0198c0de-0000-7000-8000-0000000000d1
  postern dead-letters retry --all`;

/** Exit code 0: the topic is complete; 1: nobody publishes, or no progress; 2: the request failed. */
const republish = () =>
  new OperatorCommand('republish')
    .description('fill Kafka topics again, as after they were deleted: from the journal, or from the relay policies')
    .addArgument(new Argument('<topic...>', 'which ones').choices(TOPIC_NAMES))
    .addHelpText('after', REPUBLISH_HELP)
    .runsOnDatabase('Could not republish %s', async ({ url }, to, named: TopicName[]) =>
      (await import('./republish/republish.js')).republish(url, to, [...new Set(named)]),
    );

const REPUBLISH_HELP = `
It asks the process that publishes, by way of the database, and waits until that has done it. smtp-users, auth-denials and tenants are
deleted and recreated first, so that they begin with the oldest; relay-policies is written to as it is. Consumers of Postern skip what
they have applied; others begin again, with the same ids and feed positions.
While smtp-users, auth-denials or tenants are filled, newer events of all three wait. It needs Kafka, where the account of the
command-service may delete the topic.

After a restore of the database, run it while the services are stopped, for all four topics, with POSTERN_KAFKA_BROKERS and the other
settings of Kafka: it then deletes the topics itself, and the next start makes and fills them. It ends with exit code 1, since nobody publishes yet.

Examples:
  postern republish relay-policies
  postern republish smtp-users
  postern republish smtp-users tenants auth-denials relay-policies   # the broker has lost everything`;

/** The one-shot service `secrets` of docker-compose.yml. */
const makeSecrets = () =>
  new OperatorCommand('make-secrets')
    .description('write the passwords of docker-compose.yml into a folder for each reader; those that exist are kept')
    .argument('<folder>', 'it must exist')
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
    .description('What an operator does with the database of a Postern.')
    .version(version())
    .option('--json', 'what was found as JSON, errors as JSON on standard error')
    .addHelpText('after', HELP);
  for (const command of [migrate, backup, restore, verify, rebuild, deadLetters, republish, makeSecrets])
    program.addCommand(command());
  return program;
}

const HELP = `
These commands work on the database of POSTERN_DATABASE_URL, by its owner's URL, or on the embedded one of POSTERN_DATA_DIR. They need no
API key. Progress goes to standard error.

Examples:
  postern verify
  postern backup postern.backup`;
