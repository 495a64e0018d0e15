import type { SchemaComponent } from '@postern/database';
import { Events1763900000001 } from './migrations/0001-events.js';
import { AppendInTurn1763900000002 } from './migrations/0002-append-in-turn.js';
import { Append1763900000003 } from './migrations/0003-append.js';
import { RestoredXids1763900000004 } from './migrations/0004-restored-xids.js';
import { LookingBack1763900000005 } from './migrations/0005-looking-back.js';
import { AppendTogether1763900000023 } from './migrations/0006-append-together.js';
import { Publisher1764000000027 } from './migrations/0007-publisher.js';
import { Republish1764000000031 } from './migrations/0008-republish.js';
import { Identity1764000000035 } from './migrations/0009-identity.js';
import { AppendBefore1764000000041 } from './migrations/0010-append-before.js';
import { PublisherLag1764000000045 } from './migrations/0011-publisher-lag.js';

/** The schema `journal`, for `migrate`. */
export const journalSchema: SchemaComponent = {
  schema: 'journal',
  migrations: [
    Events1763900000001,
    AppendInTurn1763900000002,
    Append1763900000003,
    RestoredXids1763900000004,
    LookingBack1763900000005,
    AppendTogether1763900000023,
    Publisher1764000000027,
    Republish1764000000031,
    Identity1764000000035,
    AppendBefore1764000000041,
    PublisherLag1764000000045,
  ],
};
