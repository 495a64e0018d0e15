import { z } from 'zod';
import {
  apiKeyId,
  enforceAt,
  entryId,
  eventId,
  mode,
  range,
  reason,
  role,
  smtpUserId,
  tenantId,
  tenantReply,
  time,
  username,
} from './words.js';

/** Versions are added, never removed or changed, because topics without retention contain all of them. */
const entryAdded1 = z.object({
  id: entryId,
  range,
  addedBy: z.string().meta({ description: 'The name of the API key that added it.' }),
  addedAt: time,
  expiresAt: time.nullable().meta({ description: 'The entry is ignored from this time on. Null: it never expires.' }),
});

const entryAdded2 = z.object({
  id: entryId,
  range,
  typed: z.string().meta({ description: 'The text that the caller sent.' }),
  note: z.string().nullable(),
  ...entryAdded1.pick({ addedBy: true, addedAt: true, expiresAt: true }).shape,
});
/** A changed note or expiry. Id, range, and who added it when, stay. */
const entryChanged1 = z.object({
  id: entryId,
  range,
  note: z.string().nullable(),
  previousNote: z.string().nullable(),
  expiresAt: entryAdded1.shape.expiresAt,
  previousExpiresAt: time.nullable(),
});
/** The range is repeated, so that history needs no look-up. */
const entryRemoved1 = z.object({ id: entryId, range });

const tenantCreated1 = z.object({ tenantId, name: z.string() });
const tenantReplySet1 = z.object({ ...tenantReply.shape, previous: tenantReply });
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
const restrictionEntriesChanged1 = z.object({ entries: z.array(entryChanged1).min(1) });
const restrictionRemoved1 = z.object({ entries: z.array(entryRemoved1).min(1) });
const restrictionCleared1 = z.object({});
const restrictionModeChanged1 = z.object({ mode, previousMode: mode, enforceAt, previousEnforceAt: time.nullable() });
const authDenied1 = z.object({
  denialId: eventId.meta({ description: 'Created by the relay; also the id of the event. UUIDv7.' }),
  smtpUserId,
  username: username.meta({ description: 'The username as the relay received it.' }),
  ip: z.string().meta({ description: 'Canonical address; for `source-ip-invalid` the text that the relay received.' }),
  occurredAt: time.meta({ description: 'By the relay’s clock. RFC 3339, UTC, milliseconds.' }),
  relay: z.string(),
  reason,
  mode,
  refused: z.boolean().meta({ description: 'False: `report-only` let the login through.' }),
  count: z.int().min(1).meta({ description: 'The number of logins. During a flood, one record counts many.' }),
});

export const EVENT_DATA = {
  TenantCreated: [tenantCreated1],
  TenantReplySet: [tenantReplySet1],
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
} as const;
