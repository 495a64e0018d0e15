import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';

/** A handler of queries. `audit` reads only the rows of the tenant of `inTenant`, also those of observed logins. */
export abstract class TenantReader {
  constructor(@InjectDataSource('postern_audit_reader') protected readonly audit: DataSource) {}
}
