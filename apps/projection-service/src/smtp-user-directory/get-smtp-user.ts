import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { isUuid, type TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import type { RegisteredSmtpUser } from '@postern/restrictions';
import { atLeastVersion, Problem } from '@postern/http';
import type { DataSource } from 'typeorm';
import { knownSmtpUser, SMTP_USER_COLUMNS, type SmtpUserRecord } from './project/directory-table.js';

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
    const state = await atLeastVersion(address.minVersion, () => this.load(address));
    if (state?.status === 'registered') return state;
    throw new Problem('smtp-user-not-found', 'There is no SMTP user with this id in this tenant.');
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
