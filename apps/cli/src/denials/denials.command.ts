import { examples } from '@postern/terminal';
import type { Denial } from '@postern/contracts';
import { Command } from 'commander';
import { showList } from '../list/show-list.js';
import { listOptions, type ListOptions } from '../options.js';
import { sessionOf, tenantPath } from '../session.js';
import { findSmtpUserThenOrNow } from '../smtp-user/find-smtp-user.js';
import { DENIAL_COLUMNS } from './denial-columns.js';
import { filterOptions, filterQuery, periodOptions, type DenialFilter } from './denial-filter.js';

interface DenialsOptions extends ListOptions, DenialFilter {
  readonly from?: string;
  readonly to?: string;
}

/** Who was denied, from where, when and why. */
export function denialsCommand(): Command {
  const command = new Command('denials')
    .description('denied logins of the tenant or of one SMTP user, the newest first')
    .argument('[user]', 'username or id, also of one that was removed; all of the tenant where left out')
    .action(async (named: string | undefined, options: DenialsOptions, self: Command) => {
      const session = sessionOf(self);
      const owner =
        named === undefined ? await tenantPath(session) : (await findSmtpUserThenOrNow(session, named)).path;
      const query = { ...filterQuery(options), from: options.from, to: options.to };
      await showList<Denial>(session, { path: `${owner}/denials`, query, columns: DENIAL_COLUMNS }, options);
    });
  return examples(
    listOptions(periodOptions(filterOptions(command))),
    'postern denials app@acme.example --from 24h',
    'postern denials --ip 198.51.100.0/24 --reason ip-not-authorized',
    'postern denials --from 2026-11-01 --to 2026-12-01 --csv > november.csv',
  );
}
