import type { Schema } from './schema.js';
import { Output, TerminalCommand, wholeNumber } from '@postern/terminal';
import { DENIAL_REASONS } from '@postern/contracts';
import { Option } from 'commander';
import { PosternApi, segment } from './api.js';
import { connectionOf, type GlobalOptions } from './connection.js';
import { usageFailure } from './failure.js';
import { timeAgo } from './time-text.js';

/** One command lists at most this many. For more, use an export or the cursor. */
const MOST_ITEMS = 10_000;

export class ApiCommand extends TerminalCommand {
  /** `work` gets the session, the arguments in order, and the options. */
  runs<Given extends unknown[]>(work: (session: Session, ...given: Given) => Promise<void>): this {
    return this.action((...given: unknown[]) =>
      work(new Session(this.optsWithGlobals<GlobalOptions>()), ...(given as Given)),
    );
  }

  writes(): this {
    return this.option(
      '--idempotency-key <text>',
      'for a script that may run twice: a write with the same text is carried out once in 24 hours (default: a new text)',
    );
  }

  writesUser(): this {
    const version = wholeNumber(0, 999_999_999);
    return this.option('--if-version <version>', 'only if the SMTP user still has this version', version).writes();
  }

  guards(): this {
    return this.option(
      '--guard',
      'if the change would refuse addresses that logged in during the last 7 days, show them and change nothing; on a terminal, ask',
    ).addOption(
      new Option(
        '--accept <digest>',
        'make the change although it refuses these addresses: the digest from the answer of --guard',
      ).implies({ guard: true }),
    );
  }

  lists(): this {
    return this.option('--limit <n>', `at most this many, 1 to ${MOST_ITEMS}`, wholeNumber(1, MOST_ITEMS), 50).option(
      '--cursor <cursor>',
      'continue an earlier list from its nextCursor',
    );
  }

  exports(): this {
    return this.lists()
      .addOption(new Option('--csv', 'the complete list as CSV').conflicts(['ndjson', 'limit']))
      .option('--bom', 'with --csv: begin with a byte order mark, for spreadsheets')
      .addOption(new Option('--ndjson', 'the complete list, one JSON object per line').conflicts('limit'));
  }

  denialFilters(): this {
    return this.option('--ip <range>', 'from this address or range')
      .option('--username <username>', 'with this username, in upper or lower case')
      .option('--relay <name>', 'reported by this relay')
      .addOption(new Option('--reason <reason>', 'for this reason').choices(DENIAL_REASONS))
      .addOption(
        new Option('--refused <yes-or-no>', 'true: refused; false: let through by report-only').choices([
          'true',
          'false',
        ]),
      );
  }

  days(what = 'the period of the logins in days'): this {
    return this.option('--days <n>', `${what}, 1 to 90`, wholeNumber(1, 90), 30);
  }

  period(verb = 'occurred'): this {
    return this.option('--from <when>', `${verb} at this time or later: 2h (ago), a day, or RFC 3339`, (text) =>
      timeAgo(text),
    ).option('--to <when>', `${verb} before this time`, (text) => timeAgo(text));
  }
}

/** @throws a usage failure for a wrong global option or environment. */
export class Session {
  readonly api: PosternApi;
  readonly output: Output;
  readonly #named: string | null;
  #tenant: Promise<string> | undefined;

  constructor({ tenant, json = false, ...connection }: GlobalOptions) {
    this.api = new PosternApi(connectionOf(connection, process.env));
    this.output = new Output(json);
    this.#named = tenant ?? (process.env['POSTERN_TENANT'] || null);
  }

  /** The given tenant, or the key's. @throws a usage failure if there is neither. */
  tenant(): Promise<string> {
    return (this.#tenant ??= this.#named === null ? this.#tenantOfKey() : Promise.resolve(this.#named));
  }

  async tenantPath(): Promise<string> {
    return `/v1/tenants/${segment(await this.tenant())}`;
  }

  async #tenantOfKey(): Promise<string> {
    const { role, tenantId } = await this.api.get<Schema<'WhoAmI'>>('/v1/whoami');
    if (tenantId !== null) return tenantId;
    throw usageFailure(
      `Which tenant? The key of the role ${role} belongs to none. Set POSTERN_TENANT or --tenant.` +
        ' With an operator key, `postern tenants list` shows them.',
    );
  }
}
