import type { SchemaComponent } from '@postern/database';
import { Bookmarks1764100000027 } from './bookmarks.js';
import { CaughtUp1764100000004 } from './caught-up.js';
import { CreateCheckpoints1764100000003 } from './create-checkpoints.js';
import { CreatePolicyPublication1764100000031 } from './create-policy-publication.js';
import { CreateRelayPolicies1764100000001 } from './create-relay-policies.js';
import { CreateSmtpUsers1764100000002 } from './create-smtp-users.js';
import { PublishWithIdentity1764100000035 } from './publish-with-identity.js';

/** The component for `migrate` of @postern/database. All of it can be rebuilt from the journal. */
export const projectionSchema: SchemaComponent = {
  schema: 'projection',
  migrations: [
    CreateRelayPolicies1764100000001,
    CreateSmtpUsers1764100000002,
    CreateCheckpoints1764100000003,
    CaughtUp1764100000004,
    Bookmarks1764100000027,
    CreatePolicyPublication1764100000031,
    PublishWithIdentity1764100000035,
  ],
};
