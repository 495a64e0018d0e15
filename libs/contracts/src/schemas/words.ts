import { z } from 'zod';
import { ROLES } from '../api-key.js';
import { DENIAL_REASONS, MODES } from '../decision.js';
import { HELP_URL, LONGEST_HELP_URL, LONGEST_REPLY_TEXT, REPLY_TEXT } from '../tenant-reply.js';
import {
  USERNAME,
  UUID,
  type ApiKeyId,
  type EntryId,
  type Revision,
  type SessionId,
  type SmtpUserId,
  type TenantId,
} from '../ids.js';

/** The parts of message schemas. Consumers in any language read these descriptions. */

export type Described<Schema extends z.ZodType> = DeepReadonly<z.infer<Schema>>;
type DeepReadonly<T> = T extends string | number | boolean | null | undefined
  ? T
  : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };

/** Ids are branded in TypeScript and plain texts on the wire. */
const uuid = <Id extends string>(description: string) =>
  z.string().regex(UUID).meta({ description }) as unknown as z.ZodType<Id>;

export const smtpUserId = uuid<SmtpUserId>('The SMTP user. The id does not change when the user is renamed. UUIDv7.');
export const apiKeyId = uuid<ApiKeyId>('The id of the API key, not its secret. UUIDv7.');
export const sessionId = uuid<SessionId>('The id of a browser session, not its secret. UUIDv7.');
export const entryId = uuid<EntryId>('The entry of the allow list. UUIDv7.');
export const eventId = uuid<string>('UUIDv7.');
export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .meta({ description: 'The customer account.' }) as unknown as z.ZodType<TenantId>;
export const revision = z.int().min(1).meta({
  description: 'Grows with each change of any relay policy.',
}) as unknown as z.ZodType<Revision>;

export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({ format: 'date-time', description: 'RFC 3339, UTC, milliseconds.' });
export const username = z
  .string()
  .regex(USERNAME)
  .meta({ description: 'In the case in which it was registered. Compare in lower case.' });
export const range = z.string().min(1).meta({
  description: 'Canonical (RFC 5952 for IPv6) address or CIDR range; a single address has no prefix. Never /0.',
});
export const mode = z.enum(MODES).meta({
  description: '`enforce` refuses a login that matches no entry; `report-only` records it and lets it through.',
});
export const enforceAt = time.nullable().meta({
  description:
    'The end of `report-only`: from this time on, by your own clock, enforce the list. No message is sent then. Null: no end; always null in `enforce`.',
});
export const tenantReply = z.object({
  text: z.string().min(1).max(LONGEST_REPLY_TEXT).regex(REPLY_TEXT).meta({
    description: 'The reply of relays to a denied client. `{ip}` is replaced by the client’s address.',
  }),
  helpUrl: z
    .string()
    .max(LONGEST_HELP_URL)
    .regex(HELP_URL)
    .nullable()
    .meta({ description: 'A link that follows the text. Null: none.' }),
  opaque: z.boolean().meta({
    description: 'True: relays answer exactly as to a wrong password. Only the audit trail has the reason.',
  }),
});
export const role = z.enum(ROLES);
export const reason = z.enum(DENIAL_REASONS);
