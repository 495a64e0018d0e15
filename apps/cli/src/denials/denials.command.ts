import { Command, Option } from 'commander';
import type { Denial } from '../api-shapes.js';
import { usageFailure } from '../failure.js';
import { examples, pageOptions, type PageOptions } from '../options.js';
import { readList } from '../read-list.js';
import { sessionOf, tenantPath } from '../session.js';
import { findSmtpUserThenOrNow } from '../smtp-user/find-smtp-user.js';
import { DENIAL_COLUMNS } from './denial-columns.js';
import { filterOptions, filterQuery, periodOptions, type DenialFilter } from './denial-filter.js';
import { exportList } from './export-list.js';

interface DenialsOptions extends PageOptions, DenialFilter {
  readonly from?: string;
  readonly to?: string;
  readonly csv?: boolean;
  readonly ndjson?: boolean;
}

/** Who was denied, from where, when and why. */
export function denialsCommand(): Command {
  const command = new Command('denials')
    .description('denied logins of the tenant or of one SMTP user, the newest first')
    .argument('[user]', 'username or id, also of one that was removed; all of the tenant where left out')
    .addOption(new Option('--csv', 'all of them, as CSV, without --limit').conflicts(['ndjson', 'cursor']))
    .addOption(new Option('--ndjson', 'all of them, a JSON a line, without --limit').conflicts('cursor'))
    .action(async (named: string | undefined, options: DenialsOptions, self: Command) => {
      const session = sessionOf(self);
      const owner = named === undefined ? tenantPath(session) : (await findSmtpUserThenOrNow(session, named)).path;
      const query = { ...filterQuery(options), from: options.from, to: options.to };
      const mediaType = exportType(options);
      if (mediaType !== null && session.output.json) throw usageFailure('Say --json, or --csv, or --ndjson.');
      if (mediaType !== null) return exportList(session, `${owner}/denials`, query, mediaType);
      const page = await readList<Denial>(session, `${owner}/denials`, options, query);
      session.output.answer(page, () => session.output.table(DENIAL_COLUMNS, page.items));
    });
  return examples(
    pageOptions(periodOptions(filterOptions(command))),
    'postern denials app@acme.example --from 24h',
    'postern denials --ip 198.51.100.0/24 --reason ip-not-authorized',
    'postern denials --from 2026-11-01 --to 2026-12-01 --csv > november.csv',
  );
}

function exportType({ csv, ndjson }: DenialsOptions): string | null {
  if (csv) return 'text/csv';
  return ndjson ? 'application/x-ndjson' : null;
}
