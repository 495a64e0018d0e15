import type { SchemaComponent } from '@postern/database';
import { Events1763900000001 } from './migrations/0001-events.js';
import { Append1763900000002 } from './migrations/0002-append.js';
import { RestoredXids1763900000003 } from './migrations/0003-restored-xids.js';

/** The schema `journal`, for `migrate`. */
export const journalSchema: SchemaComponent = {
  schema: 'journal',
  migrations: [Events1763900000001, Append1763900000002, RestoredXids1763900000003],
};
