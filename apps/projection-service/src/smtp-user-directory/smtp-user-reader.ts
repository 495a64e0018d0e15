import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { isUuid, type TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import type { RegisteredSmtpUser } from '@postern/restrictions';
import { Problem } from '@postern/http';
import type { DataSource } from 'typeorm';
import { knownSmtpUser, SMTP_USER_COLUMNS, type SmtpUserRecord } from './project/directory-table.js';

/** How long a read waits for the version that it was asked for. */
export const MIN_VERSION_WAIT_MS = 2_000;
const LOOK_AGAIN_MS = 25;

/** Which SMTP user, of whose, and how new it must be at least. */
export interface SmtpUserAddress {
  readonly tenantId: TenantId;
  readonly smtpUserId: string;
  /** Of `Postern-Min-Version`; 0 where it was not sent. */
  readonly minVersion: number;
}

/** Reads single SMTP users from the directory. */
@Injectable()
export class SmtpUserReader {
  constructor(@InjectDataSource('postern_directory_reader') private readonly dataSource: DataSource) {}

  /**
   * The SMTP user. Throws the problems `smtp-user-not-found`, also for a removed one or somebody else's, and
   * `read-side-behind` when the version that was asked for doesn't come in time.
   */
  async read(address: SmtpUserAddress): Promise<RegisteredSmtpUser> {
    const until = Date.now() + MIN_VERSION_WAIT_MS;
    for (;;) {
      const state = await this.load(address);
      if ((state?.version ?? 0) >= address.minVersion) {
        if (state?.status === 'registered') return state;
        throw new Problem('smtp-user-not-found', 'There is no SMTP user with this id in this tenant.');
      }
      if (Date.now() > until) {
        throw new Problem(
          'read-side-behind',
          `Version ${address.minVersion} has not arrived here yet; the latest is ${state?.version ?? 0}. Try again.`,
          { headers: { 'retry-after': '1' } },
        );
      }
      await sleep(LOOK_AGAIN_MS);
    }
  }

  private async load({ tenantId, smtpUserId }: SmtpUserAddress) {
    if (!isUuid(smtpUserId))
      throw new Problem('smtp-user-not-found', 'There is no SMTP user with this id: it is no UUID.');
    const [record] = await inTenant(this.dataSource, tenantId, (manager) =>
      manager.query<SmtpUserRecord[]>(`SELECT ${SMTP_USER_COLUMNS} FROM projection.smtp_users WHERE id = $1`, [
        smtpUserId,
      ]),
    );
    return record ? knownSmtpUser(record).state : null;
  }
}
