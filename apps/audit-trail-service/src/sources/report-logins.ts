import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { Semaphore } from '@postern/async';
import type { SmtpUserId, TenantId } from '@postern/contracts';
import { arrayLiteral } from '@postern/database';
import { databaseFailed, integer, view } from '@postern/http';
import { counter } from '@postern/observe';
import { storeLogins, type LoginRecord } from '@postern/observed-logins';
import type { Relay } from '@postern/process';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { keptFrom } from '../retention/retention.js';
import { LOGIN_LIMITS, readLogin, userOf, type Rejection } from './read-login.js';
import { z } from 'zod';

const loginsStored = counter('postern_logins_stored_total', 'Allowed logins that relays reported and Postern counted.');

const loginsRejected = counter('postern_logins_rejected_total', 'Records of logins that were rejected, by reason.', [
  'reason',
]);

const loginBatchesRepeated = counter(
  'postern_login_batches_repeated_total',
  'Batches of logins that were sent again. They are not counted twice.',
);

const loginsNotKept = counter(
  'postern_logins_not_kept_total',
  'Logins that were counted without their address, because their SMTP user had too many addresses that day.',
);

export const reportedLoginsView = view('ReportedLogins', 'The result of a batch of logins.', {
  accepted: integer(0, 1, 'Records that were counted.'),
  duplicate: z.boolean().meta({ description: 'True: the batch was counted before, and is not counted again.' }),
  rejected: integer(
    0,
    0,
    'Rejected records. Do not send them again. The SMTP user is unknown, a member cannot be read, the hour is in the future by Postern’s clock, or the hour is older than the retention period. The metric `postern_logins_rejected_total` counts them by reason.',
  ),
});
export type ReportedLogins = z.infer<typeof reportedLoginsView>;

/** Each item is checked separately, so a bad item does not prevent the others. */
export class ReportLogins extends Command<ReportedLogins> {
  constructor(
    readonly relay: Pick<Relay, 'keyId' | 'name'>,
    readonly batchId: string,
    readonly items: readonly unknown[],
  ) {
    super();
  }
}

@CommandHandler(ReportLogins)
export class ReportLoginsHandler implements ICommandHandler<ReportLogins> {
  private readonly batches = new Semaphore(LOGIN_LIMITS.batchesAtOnce, LOGIN_LIMITS.batchesWaiting);

  constructor(
    @InjectDataSource('postern_audit') private readonly audit: DataSource,
    @InjectDataSource('postern_logins_writer') private readonly writer: DataSource,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
  ) {}

  /** @throws `not-ready` if too many batches wait. */
  execute({ relay, batchId, items }: ReportLogins): Promise<ReportedLogins> {
    return this.batches.run(() => this.store(relay, batchId, items), tooManyBatches);
  }

  private async store(
    { keyId, name }: ReportLogins['relay'],
    batchId: string,
    items: readonly unknown[],
  ): Promise<ReportedLogins> {
    const users = items.map(userOf);
    const tenants = await this.tenantsOf(users);
    const now = new Date();
    const from = keptFrom(this.settings.loginsRetentionDays, now);
    const rejected = new Map<Rejection, number>();
    const records: LoginRecord[] = [];
    for (const [i, item] of items.entries()) {
      const login = readLogin(item, users[i] ?? null, tenants[i] ?? null, now, from);
      if (typeof login === 'string') rejected.set(login, (rejected.get(login) ?? 0) + 1);
      else records.push(login);
    }
    const { accepted, duplicate, notKept } = await storeLogins(this.writer, { keyId, batchId, relay: name, records });
    if (duplicate) {
      loginBatchesRepeated.inc();
      return { accepted: 0, duplicate, rejected: 0 };
    }
    loginsStored.inc(records.reduce((sum, { count }) => sum + count, 0));
    loginsNotKept.inc(notKept);
    for (const [reason, count] of rejected) loginsRejected.inc({ reason }, count);
    return { accepted, duplicate, rejected: items.length - accepted };
  }

  /**
   * The tenants of SMTP users, in the same order; null: there is no such user. Also of removed ones: one may have logged in a minute before.
   * As one row, because a thousand rows cost more than to find them.
   */
  private async tenantsOf(ids: readonly (SmtpUserId | null)[]): Promise<readonly (TenantId | null)[]> {
    const [row] = await this.audit.query<{ tenants: (TenantId | null)[] | null }[]>(
      `SELECT json_agg(tenant_id ORDER BY nth) AS tenants
         FROM unnest($1::uuid[]) WITH ORDINALITY AS requested (id, nth) LEFT JOIN audit.smtp_users USING (id)`,
      [arrayLiteral(ids)],
    );
    return row?.tenants ?? [];
  }
}

function tooManyBatches(): Error {
  return databaseFailed('Too many batches of logins wait to be stored. Nothing was counted; send it again shortly.');
}
