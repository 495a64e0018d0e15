import { randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** `[a-z0-9][a-z0-9-]{0,62}`, the caller's choice, or a UUIDv7. */
export type TenantId = Branded<string, 'TenantId'>;
/** UUIDv7. */
export type SmtpUserId = Branded<string, 'SmtpUserId'>;
/** UUIDv7. */
export type ApiKeyId = Branded<string, 'ApiKeyId'>;
/** UUIDv7. Of a browser's session, which began by signing in with an API key. */
export type SessionId = Branded<string, 'SessionId'>;
/** UUIDv7. */
export type EntryId = Branded<string, 'EntryId'>;
/** A UUID, made once for a journal: no other has it. */
export type JournalId = Branded<string, 'JournalId'>;
/** Orders the changes of the relay policies; a whole number from 0, below 2^53. */
export type Revision = Branded<number, 'Revision'>;

/** A new UUIDv7 (RFC 9562, section 5.7): its order is roughly that of its making, so indexes stay compact. Node 22 has no `randomUUIDv7`. */
export function newId<Id extends string = string>(): Id {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}` as Id;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether `text` is a UUID in its canonical lower-case form (RFC 9562). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** A username's comparison form: A to Z in lower case. Usernames differ only if these do. */
export type UsernameKey = Branded<string, 'UsernameKey'>;

/** 1 to 254 printable ASCII characters without white space. */
const USERNAME = /^[\x21-\x7e]{1,254}$/;

/** Whether `text` may be a username. */
export function isUsername(text: string): boolean {
  return USERNAME.test(text);
}

/**
 * The form in which usernames are compared: A to Z in lower case, all else unchanged. By Unicode's rules the Kelvin sign would become a `k`,
 * and a text that is no username would name somebody's.
 */
export function usernameKey(username: string): UsernameKey {
  return (
    /[A-Z]/.test(username) ? username.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : username
  ) as UsernameKey;
}
