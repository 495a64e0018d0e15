import { z } from 'zod';
import type { DomainEvent, EventType } from '../events.js';
import type { Same } from './same.js';
import {
  apiKeyId,
  entryId,
  eventId,
  mode,
  range,
  reason,
  role,
  smtpUserId,
  tenantId,
  time,
  username,
} from './words.js';

/**
 * The `data` of each event type on the wire, by schema version: a version is added, none is ever taken out or changed,
 * since topics that are kept for ever hold all of them. The newest is held to the type in `events.ts` below.
 */
const entryAdded1 = z.object({
  id: entryId,
  range,
  addedBy: z.string().meta({ description: 'The name of the API key that added it.' }),
  addedAt: time,
  expiresAt: time
    .nullable()
    .meta({ description: 'The entry is not honoured from this instant on. Null: never expires.' }),
});

const entryAdded2 = z.object({
  id: entryId,
  range,
  typed: z.string().meta({ description: 'What the caller sent.' }),
  note: z.string().nullable(),
  addedBy: entryAdded1.shape.addedBy,
  addedAt: time,
  expiresAt: entryAdded1.shape.expiresAt,
});

const tenantCreated1 = z.object({ tenantId, name: z.string() });
const apiKeyIssued1 = z.object({
  keyId: apiKeyId,
  tenantId: tenantId.nullable().meta({ description: 'Null for keys of the roles operator and relay.' }),
  role,
  name: z.string(),
});
const apiKeyRevoked1 = z.object({ keyId: apiKeyId });
const smtpUserRegistered1 = z.object({ smtpUserId, tenantId, username, registeredAt: time });
const smtpUserRenamed1 = z.object({ username, previousUsername: username });
const smtpUserRemoved1 = z.object({ username });
const restrictionAdded1 = z.object({ entries: z.array(entryAdded1).min(1) });
const restrictionAdded2 = z.object({ entries: z.array(entryAdded2).min(1) });
const restrictionEntriesChanged1 = z.object({
  entries: z
    .array(
      z.object({
        id: entryId,
        range,
        note: z.string().nullable(),
        previousNote: z.string().nullable(),
        expiresAt: entryAdded1.shape.expiresAt,
        previousExpiresAt: time.nullable(),
      }),
    )
    .min(1),
});
const restrictionRemoved1 = z.object({ entries: z.array(z.object({ id: entryId, range })).min(1) });
const restrictionCleared1 = z.object({});
const restrictionModeChanged1 = z.object({ mode, previousMode: mode });
const authDenied1 = z.object({
  denialId: eventId.meta({ description: 'Also the event’s id: made by the relay, once. UUIDv7.' }),
  smtpUserId,
  username: username.meta({ description: 'As the relay was given it.' }),
  ip: z.string().meta({ description: 'Canonical address; for `source-ip-invalid` the text as the relay saw it.' }),
  occurredAt: time.meta({ description: 'By the relay’s clock. RFC 3339, UTC, milliseconds.' }),
  relay: z.string(),
  reason,
  mode,
  refused: z.boolean().meta({ description: 'False where `report-only` let it through.' }),
  count: z.int().min(1).meta({ description: 'Logins that this record stands for: a flood is folded.' }),
});

/** By event type; the first is schema version 1. */
export const EVENT_DATA: Readonly<Record<EventType, readonly z.ZodType[]>> = {
  TenantCreated: [tenantCreated1],
  ApiKeyIssued: [apiKeyIssued1],
  ApiKeyRevoked: [apiKeyRevoked1],
  SmtpUserRegistered: [smtpUserRegistered1],
  SmtpUserRenamed: [smtpUserRenamed1],
  SmtpUserRemoved: [smtpUserRemoved1],
  RestrictionAdded: [restrictionAdded1, restrictionAdded2],
  RestrictionEntriesChanged: [restrictionEntriesChanged1],
  RestrictionRemoved: [restrictionRemoved1],
  RestrictionCleared: [restrictionCleared1],
  RestrictionModeChanged: [restrictionModeChanged1],
  AuthDenied: [authDenied1],
};

type Data<Type extends EventType> = Extract<DomainEvent, { type: Type }>['data'];

/** Does not compile where a schema and its type are not the same. */
export const SCHEMAS_AGREE: {
  TenantCreated: Same<z.infer<typeof tenantCreated1>, Data<'TenantCreated'>>;
  ApiKeyIssued: Same<z.infer<typeof apiKeyIssued1>, Omit<Data<'ApiKeyIssued'>, 'secretHash'>>;
  ApiKeyRevoked: Same<z.infer<typeof apiKeyRevoked1>, Data<'ApiKeyRevoked'>>;
  SmtpUserRegistered: Same<z.infer<typeof smtpUserRegistered1>, Data<'SmtpUserRegistered'>>;
  SmtpUserRenamed: Same<z.infer<typeof smtpUserRenamed1>, Data<'SmtpUserRenamed'>>;
  SmtpUserRemoved: Same<z.infer<typeof smtpUserRemoved1>, Data<'SmtpUserRemoved'>>;
  RestrictionAdded: Same<z.infer<typeof restrictionAdded2>, Data<'RestrictionAdded'>>;
  RestrictionEntriesChanged: Same<z.infer<typeof restrictionEntriesChanged1>, Data<'RestrictionEntriesChanged'>>;
  RestrictionRemoved: Same<z.infer<typeof restrictionRemoved1>, Data<'RestrictionRemoved'>>;
  RestrictionCleared: Same<z.infer<typeof restrictionCleared1>, Data<'RestrictionCleared'>>;
  RestrictionModeChanged: Same<z.infer<typeof restrictionModeChanged1>, Data<'RestrictionModeChanged'>>;
  AuthDenied: Same<z.infer<typeof authDenied1>, Data<'AuthDenied'>>;
} = {
  TenantCreated: true,
  ApiKeyIssued: true,
  ApiKeyRevoked: true,
  SmtpUserRegistered: true,
  SmtpUserRenamed: true,
  SmtpUserRemoved: true,
  RestrictionAdded: true,
  RestrictionEntriesChanged: true,
  RestrictionRemoved: true,
  RestrictionCleared: true,
  RestrictionModeChanged: true,
  AuthDenied: true,
};
