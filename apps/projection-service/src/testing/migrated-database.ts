import { migrate } from '@postern/database';
import { journalSchema } from '@postern/event-store';
import { accessSchema } from '@postern/access';
import { createTestDatabase, type TestDatabase } from '@postern/testing';
import { projectionSchema } from '../schema/projection-schema.js';

/** For tests: a database with this service's schema, the journal and the keys. */
export async function migratedDatabase(): Promise<TestDatabase> {
  return createTestDatabase('projection_service', async (url) => {
    for (const component of [journalSchema, accessSchema, projectionSchema]) await migrate(url, component);
  });
}
