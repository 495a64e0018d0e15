import type { Schema } from './schema.js';
import { counted, printable, shortTime, type Column, type Output } from '@postern/terminal';
import { ApiCommand, type Session } from './command.js';
import { EXIT } from './failure.js';
import { changeCommands } from './restriction-changes.js';
import { findSmtpUser, type NamedSmtpUser } from './smtp-user.js';
import { coverageLines } from './sources.commands.js';
import { timeAhead } from './time-text.js';

interface PreviewOptions {
  readonly days: number;
  readonly at?: string;
}

const withPeriod = (command: ApiCommand): ApiCommand =>
  command
    .days()
    .option(
      '--at <when>',
      'decide with the entries that are live at this time: 7d (from now), a day, or RFC 3339',
      (text) => timeAhead(text),
    );

const changes = changeCommands({
  prefix: 'postern preview',
  options: withPeriod,
  run: (session, user, change, options) => preview(session, user, change.preview, options as PreviewOptions),
});

const current = withPeriod(
  new ApiCommand('current')
    .description('preview the present list, for example when entries have expired (--at)')
    .argument('<user>', 'username or id'),
)
  .examples('postern preview current app@acme.example', 'postern preview current app@acme.example --at 30d')
  .runs(async (session, named: string, options: PreviewOptions) =>
    preview(session, await findSmtpUser(session, named), {}, options),
  );

export const previewCommand = new ApiCommand('preview').description(
  'show which past logins a change would have refused; changes nothing (exit code 0: none, 1: some)',
);
for (const change of changes) previewCommand.addCommand(change.description(`preview: ${change.description()}`));
previewCommand.addCommand(current);

async function preview(
  { api, output }: Session,
  { path, name }: NamedSmtpUser,
  change: object,
  { days, at }: PreviewOptions,
): Promise<void> {
  const previewed = await api.ask<Schema<'RestrictionPreview'>>(`${path}/restriction/preview`, { ...change, days, at });
  output.answer(previewed, () => describePreview(name, previewed, days, output));
  if (previewed.refusedAddresses > 0) process.exitCode = EXIT.no;
}

function describePreview(name: string, previewed: Schema<'RestrictionPreview'>, days: number, output: Output): string {
  const { logins, refused, refusedAddresses, addresses } = previewed;
  const some = refused > 0 ? output.paint('red', `${refused} would have been refused`) : 'none would have been refused';
  const lines = [`${printable(name)}: of ${counted(logins, 'login')} in ${counted(days, 'day')}, ${some}.`];
  if (addresses.length > 0) lines.push('', output.table(ADDRESS_COLUMNS, addresses));
  if (addresses.length < refusedAddresses)
    lines.push(`… and ${counted(refusedAddresses - addresses.length, 'more address', 'more addresses')}`);
  return [...lines, '', ...coverageLines(previewed)].join('\n');
}

const ADDRESS_COLUMNS: readonly Column<Schema<'RestrictionPreview'>['addresses'][number]>[] = [
  { title: 'IP', value: ({ ip }) => ip },
  { title: 'LOGINS', value: ({ logins }) => String(logins) },
  { title: 'LAST', value: ({ lastSeenAt }) => shortTime(lastSeenAt) },
  { title: 'REASON', value: ({ reason }) => reason },
];
