import { Option, type Command } from 'commander';
import { DENIAL_REASONS } from '@postern/contracts';
import type { Query } from '../connection/postern-api.js';
import { timeAgo } from '../input/time-text.js';

/** Which denials; what is left out is not looked at. */
export interface DenialFilter {
  readonly ip?: string;
  readonly username?: string;
  readonly relay?: string;
  readonly reason?: string;
  readonly refused?: string;
}

/** The filters that `denials` and `tail` have in common. */
export function filterOptions(command: Command): Command {
  return command
    .option('--ip <range>', 'from this address or range')
    .option('--username <username>', 'reported under this username, in any case')
    .option('--relay <name>', 'reported by this relay')
    .addOption(new Option('--reason <reason>', 'for this reason').choices(DENIAL_REASONS))
    .addOption(
      new Option('--refused <yes-or-no>', 'refused (true), or let through by report-only (false)').choices([
        'true',
        'false',
      ]),
    );
}

export function periodOptions(command: Command): Command {
  return command
    .option('--from <when>', 'occurred then or later: 2h ago, a day, or RFC 3339', (text) => timeAgo(text))
    .option('--to <when>', 'occurred before then', (text) => timeAgo(text));
}

/** The filter as the API takes it. */
export function filterQuery({ ip, username, relay, reason, refused }: DenialFilter): Query {
  return { ip, username, relay, reason, refused };
}
