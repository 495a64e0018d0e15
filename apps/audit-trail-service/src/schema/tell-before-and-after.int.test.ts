import { expect, it } from '@jest/globals';
import { migrate } from '@postern/database';
import { createTestDatabase } from '@postern/testing';
import pg from 'pg';
import { auditSchema } from './audit-schema.js';

it('a database of before has its changes recorded anew, also those whose checkpoint was beyond them', async () => {
  const before = auditSchema.migrations.findIndex((migration) => migration.name.startsWith('TellBeforeAndAfter'));
  const old = { ...auditSchema, migrations: auditSchema.migrations.slice(0, before) };
  const database = await createTestDatabase(`audit_before_${before}`, (url) => migrate(url, old));
  const owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  try {
    await owner.query(`
      INSERT INTO audit.changes VALUES (1, gen_random_uuid(), now(), gen_random_uuid(), 1, 'SmtpUserRemoved', 'acme', 'a', '{}', 'r', '{}');
      INSERT INTO audit.restrictions VALUES (gen_random_uuid(), 'acme', 'a', true, 1, gen_random_uuid(), '{}');
      INSERT INTO audit.usernames VALUES ('acme', 'a', gen_random_uuid());
      INSERT INTO audit.checkpoints (consumer, source, xid, position)
      VALUES ('audit-changes', 'journal', '900', 9), ('audit-denials', 'journal', '900', 9)`);
    await migrate(database.url, auditSchema);
    const { rows } = await owner.query(`
      SELECT (SELECT count(*)::integer FROM audit.changes) AS changes, (SELECT count(*)::integer FROM audit.restrictions) AS users,
             (SELECT count(*)::integer FROM audit.usernames) AS names, (SELECT json_agg(consumer) FROM audit.checkpoints) AS consumers`);
    expect(rows).toEqual([{ changes: 0, users: 0, names: 0, consumers: ['audit-denials'] }]);
  } finally {
    await owner.end();
    await database.drop();
  }
});
