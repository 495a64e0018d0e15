import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { isUuid, type TenantId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { atLeastVersion, Problem } from '@postern/http';
import { smtpUserColumns, smtpUserOf, type SmtpUserRecord } from '@postern/read-models';
import type { RegisteredSmtpUser } from '@postern/restrictions';
import type { DataSource } from 'typeorm';

export class GetSmtpUser extends Query<RegisteredSmtpUser> {
  constructor(
    readonly tenantId: TenantId,
    readonly smtpUserId: string,
    readonly minVersion: number,
  ) {
    super();
  }
}

@QueryHandler(GetSmtpUser)
export class GetSmtpUserHandler implements IQueryHandler<GetSmtpUser> {
  constructor(@InjectDataSource('postern_directory_reader') private readonly dataSource: DataSource) {}

  /** @throws `smtp-user-not-found`, also for a removed user or another tenant's; `read-side-behind` after a time-out. */
  async execute({ tenantId, smtpUserId, minVersion }: GetSmtpUser): Promise<RegisteredSmtpUser> {
    if (!isUuid(smtpUserId))
      throw new Problem('smtp-user-not-found', 'There is no SMTP user with this id: it is not a UUID.');
    const sql = `SELECT ${smtpUserColumns('projection')} FROM projection.smtp_users u WHERE id = $1`;
    const state = await atLeastVersion(minVersion, async () => {
      const [record] = await inTenant(this.dataSource, tenantId, (manager) =>
        manager.query<SmtpUserRecord[]>(sql, [smtpUserId]),
      );
      return record ? smtpUserOf(record) : null;
    });
    if (state?.status === 'registered') return state;
    throw new Problem('smtp-user-not-found', 'There is no SMTP user with this id in this tenant.');
  }
}
