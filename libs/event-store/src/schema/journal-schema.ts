import { sqlMigration, type SchemaComponent } from '@postern/database';
import { checkpointTableSql } from '../checkpoints.js';

export const journalSchema: SchemaComponent = {
  schema: 'journal',
  migrations: [
    sqlMigration('Journal1764500000001', import.meta.url, [
      'events.sql',
      'append-in-turn.sql',
      'append.sql',
      'identity.sql',
      // The publisher's checkpoint. The feed's reader writes it, because it sees the same events.
      { sql: checkpointTableSql('journal', 'postern_feed') },
      'publisher.sql',
    ]),
  ],
};
