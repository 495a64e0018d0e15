import { z } from 'zod';
import {
  enforceAt,
  eventId,
  mode,
  range,
  revision,
  role,
  sessionId,
  smtpUserId,
  tenantId,
  time,
  username,
} from './words.js';

/** Data of `postern.relay-policies.v1`, a line of the snapshot, and the data of an SSE `policy` event. */
const relayPolicy1 = z.object({
  username,
  tenantId,
  smtpUserId,
  restricted: z.boolean().meta({
    description:
      'False: the user may log in from every address. True: only from addresses in a live entry; without a live entry, from none.',
  }),
  mode,
  enforceAt,
  entries: z.array(
    z.object({
      range,
      expiresAt: time.nullable().meta({
        description: 'Ignore the entry from this time on, by your own clock. Null: it never expires.',
      }),
    }),
  ),
  version: z.int().min(1).meta({ description: 'The version of the SMTP user’s stream that this policy reflects.' }),
  revision,
  removed: z.boolean().meta({ description: 'True: the username was removed. Treat it as unknown.' }),
});

export const RELAY_POLICY_DATA = [relayPolicy1] as const;

/** CloudEvents 1.0 in JSON: its integers have 32 bits, so larger ones are text. An attribute is missing, never null. */

const digits = (description: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,19}$/)
    .meta({ description });
const specversion = z.literal('1.0');
const source = (kind: string) =>
  z
    .string()
    .regex(new RegExp(`^urn:postern:${kind}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`))
    .meta({ description: `\`urn:postern:${kind}:<id of the journal>\`: identifies the database. It never changes.` });
const type = z
  .string()
  .regex(/^postern\.[A-Za-z]+\.v[1-9]\d*$/)
  .meta({ description: '`postern.<name>.v<schema version>`: it defines the shape of `data`.' });
const datacontenttype = z.literal('application/json');
const schemaversion = z.int32().min(1);
const text = (description: string) => z.string().meta({ description });

const eventEnvelope = z.object({
  specversion,
  id: eventId.meta({ description: 'The event’s id, the same in each repeat. UUIDv7.' }),
  source: source('journal'),
  type,
  subject: text('The stream, `smtp-user/<id>`. The part after the slash is the key of the message.'),
  time: time.meta({ description: 'When it was recorded. RFC 3339, UTC, milliseconds.' }),
  datacontenttype,
  tenantid: text('The tenant. Absent if the event belongs to none.').exactOptional(),
  streamversion: z.int32().min(1).meta({ description: 'Counts the events of the stream, from 1, without a gap.' }),
  feedxid: digits(
    'With `feedposition`, the position among all events. Compare both as numbers of 64 bits, this one first.',
  ),
  feedposition: digits('See `feedxid`.'),
  schemaversion,
  actorrole: role.meta({ description: 'The role of the API key that caused the event, at that time.' }),
  actorkeyid: text('The id of that API key.'),
  actorname: text('The name of that API key, at that time.'),
  actorsessionid: sessionId
    .meta({
      description: 'The browser session that used the key. Absent if the key was used directly. UUIDv7.',
    })
    .exactOptional(),
  correlationid: text('The id of the request that caused it: `requestId` in the API.'),
  causationid: text('The id of the event that caused it. Absent if none did.').exactOptional(),
  data: z.unknown(),
});

const policyEnvelope = z.object({
  specversion,
  id: digits('The revision.'),
  source: source('relay-policies'),
  type,
  subject: text('The username in lower case; also the message’s key.'),
  datacontenttype,
  tenantid: text('The tenant.'),
  schemaversion,
  data: z.unknown() as unknown as typeof relayPolicy1,
});

export const ENVELOPES = { EventEnvelope: [eventEnvelope], PolicyEnvelope: [policyEnvelope] } as const;
