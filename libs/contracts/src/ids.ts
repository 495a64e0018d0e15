import { randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** `[a-z0-9][a-z0-9-]{0,62}`, chosen by the caller, or a UUIDv7. */
export type TenantId = Branded<string, 'TenantId'>;
/** UUIDv7, like the ids of API keys, sessions and entries. */
export type SmtpUserId = Branded<string, 'SmtpUserId'>;
export type ApiKeyId = Branded<string, 'ApiKeyId'>;
/** A browser's session, which was started with an API key. */
export type SessionId = Branded<string, 'SessionId'>;
export type EntryId = Branded<string, 'EntryId'>;
/** A UUID that only this journal has. */
export type JournalId = Branded<string, 'JournalId'>;
/** Orders the changes of the relay policies; an integer from 0, below 2^53. */
export type Revision = Branded<number, 'Revision'>;

/** A UUIDv7 (RFC 9562, section 5.7), ordered roughly by time, so indexes stay compact. Node 22 has no `randomUUIDv7`. */
export function newId<Id extends string = string>(): Id {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}` as Id;
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Canonical form: lower case (RFC 9562). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

export type UsernameKey = Branded<string, 'UsernameKey'>;

export const USERNAME = /^[\x21-\x7e]{1,254}$/;

export function isUsername(text: string): boolean {
  return USERNAME.test(text);
}

/** Only A to Z become lower case: by Unicode's rules the Kelvin sign would become a `k`, and match a username. */
export function usernameKey(username: string): UsernameKey {
  return (
    /[A-Z]/.test(username) ? username.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : username
  ) as UsernameKey;
}
