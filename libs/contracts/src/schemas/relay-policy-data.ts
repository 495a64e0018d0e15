import { z } from 'zod';
import { mode, range, revision, smtpUserId, tenantId, time, username } from './words.js';

/** The `data` of a message on `postern.relay-policies.v1`; also a line of the snapshot, and the data of an SSE `policy` event. */
const relayPolicy1 = z.object({
  username,
  tenantId,
  smtpUserId,
  restricted: z.boolean().meta({
    description: 'False: the user may log in from anywhere. True: from a live entry alone; with none, from nowhere.',
  }),
  mode,
  entries: z.array(
    z.object({
      range,
      expiresAt: time.nullable().meta({
        description: 'From this instant on, by the consumer’s own clock, the entry grants nothing. Null: never.',
      }),
    }),
  ),
  version: z.int().min(1).meta({ description: 'The version of the SMTP user’s stream that this policy reflects.' }),
  revision,
  removed: z.boolean().meta({ description: 'True: the username is unknown again.' }),
});

/** The first is schema version 1. */
export const RELAY_POLICY_DATA = [relayPolicy1] as const;
