import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { Semaphore } from '@postern/async';
import type { SmtpUserId, TenantId } from '@postern/contracts';
import { databaseFailed, integer, view } from '@postern/http';
import { storeLogins, type LoginRecord } from '@postern/observed-logins';
import type { Relay } from '@postern/process';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { LOGIN_LIMITS } from './login-limits.js';
import { loginBatchesRepeated, loginsNotKept, loginsRejected, loginsStored } from './login-metrics.js';
import { keptFrom } from './login-retention.js';
import { readLogin, type ReadLogin, type Rejection } from './read-login.js';
import { z } from 'zod';

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
    const rejected = new Map<Rejection, number>();
    const reject = (why: Rejection) => rejected.set(why, (rejected.get(why) ?? 0) + 1);
    const now = new Date();
    const from = keptFrom(this.settings.loginsRetentionDays, now);
    const read = items.flatMap((item): ReadLogin[] => {
      const login = readLogin(item, now, from);
      if (typeof login !== 'string') return [login];
      reject(login);
      return [];
    });
    const tenants = await this.tenantsOf(read.map(({ smtpUserId }) => smtpUserId));
    const records = read.flatMap((login): LoginRecord[] => {
      const tenantId = tenants.get(login.smtpUserId);
      if (tenantId !== undefined) return [{ ...login, tenantId }];
      reject('smtp-user-unknown');
      return [];
    });
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

  /** Also of removed SMTP users: one may have logged in a minute before. */
  private async tenantsOf(ids: readonly SmtpUserId[]): Promise<ReadonlyMap<SmtpUserId, TenantId>> {
    if (ids.length === 0) return new Map();
    const rows = await this.audit.query<{ id: SmtpUserId; tenant_id: TenantId }[]>(
      'SELECT id, tenant_id FROM audit.smtp_users WHERE id = ANY ($1::uuid[])',
      [ids],
    );
    return new Map(rows.map(({ id, tenant_id: tenantId }) => [id, tenantId]));
  }
}

function tooManyBatches(): Error {
  return databaseFailed('Too many batches of logins wait to be stored. Nothing was counted; send it again shortly.');
}
