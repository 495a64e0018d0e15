import type { SchemaComponent } from '@postern/database';
import { Bookmarks1764200001727 } from './bookmarks.js';
import { CreateChanges1764200000003 } from './create-changes.js';
import { CreateDeadLetters1764200002032 } from './create-dead-letters.js';
import { CreateDenials1764200000001 } from './create-denials.js';
import { CreateDenialMonths1764200000002 } from './create-denial-months.js';
import { CreateDenialFilterIndexes1764200000024 } from './create-denial-filter-indexes.js';
import { CreateDenialStatistics1764200002000 } from './create-denial-statistics.js';
import { CreateDenialRetention1764200000023 } from './create-denial-retention.js';
import { CreateSmtpUsers1764200000004 } from './create-smtp-users.js';
import { TellBeforeAndAfter1764200001703 } from './tell-before-and-after.js';

/** The component for `migrate` of @postern/database. All of it can be rebuilt from the journal. */
export const auditSchema: SchemaComponent = {
  schema: 'audit',
  migrations: [
    CreateDenials1764200000001,
    CreateDenialMonths1764200000002,
    CreateChanges1764200000003,
    CreateSmtpUsers1764200000004,
    TellBeforeAndAfter1764200001703,
    CreateDenialRetention1764200000023,
    CreateDenialFilterIndexes1764200000024,
    Bookmarks1764200001727,
    CreateDenialStatistics1764200002000,
    CreateDeadLetters1764200002032,
  ],
};
