import { migrate } from '@postern/database';
import { journalSchema } from '@postern/event-store';
import { accessSchema } from '@postern/access';
import { loginsSchema } from '@postern/observed-logins';
import { createTestDatabase, type TestDatabase } from '@postern/testing';
import { auditSchema } from '../schema/audit-schema.js';

/** For tests: a database with this service's schema, the journal and the keys. */
export async function auditDatabase(): Promise<TestDatabase> {
  return createTestDatabase('audit_trail_service', async (url) => {
    for (const component of [journalSchema, accessSchema, auditSchema, loginsSchema]) await migrate(url, component);
  });
}
