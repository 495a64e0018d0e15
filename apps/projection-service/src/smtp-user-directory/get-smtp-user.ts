import { setTimeout as sleep } from 'node:timers/promises';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
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

/** An SMTP user, as the directory has it now. */
export class GetSmtpUser extends Query<RegisteredSmtpUser> {
  constructor(readonly address: SmtpUserAddress) {
    super();
  }
}

@QueryHandler(GetSmtpUser)
export class GetSmtpUserHandler implements IQueryHandler<GetSmtpUser> {
  constructor(@InjectDataSource('postern_directory_reader') private readonly dataSource: DataSource) {}

  /**
   * Waits for the version that was asked for. Throws the problems `smtp-user-not-found`, also for a removed one or somebody else's, and
   * `read-side-behind` when it does not come in time.
   */
  async execute({ address }: GetSmtpUser): Promise<RegisteredSmtpUser> {
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
