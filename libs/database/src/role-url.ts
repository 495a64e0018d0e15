import { createHmac } from 'node:crypto';
import { ownerUrlOf } from './connection-url.js';
import type { DatabaseRole } from './roles.js';
import { isServiceLogin, type ServiceLogin } from './service-logins.js';

/**
 * A role's password: HMAC-SHA-256 of the role's name under the owner's password, base64url.
 * Whoever has the owner's URL can derive it, so that there is one secret to hand out and none to store.
 */
function rolePassword(ownerUrl: string, role: DatabaseRole | ServiceLogin): string {
  const ownerPassword = decodeURIComponent(ownerUrlOf(ownerUrl).password);
  return createHmac('sha256', ownerPassword).update(`postern database role ${role}`).digest('base64url');
}

/**
 * The schema of the read models that the role writes. Their writers name no schema, so that a rebuild has them write the same to the
 * new tables.
 */
const SCHEMA_WRITTEN_BY: Partial<Record<DatabaseRole, string>> = {
  postern_projection: 'projection',
  postern_audit: 'audit',
};

/**
 * The URL by which to act as the role. Of an owner's URL: with the role and its password in the owner's place. Of a
 * service's: the same login, which takes on the role as it connects; PostgreSQL refuses that where it is no member.
 * Throws `DatabaseUrlInvalid`.
 */
export function roleUrl(databaseUrl: string, role: DatabaseRole): string {
  const url = ownerUrlOf(databaseUrl);
  const schema = SCHEMA_WRITTEN_BY[role];
  // `options` of libpq: what it sets is also what RESET goes back to.
  const set = (setting: string) =>
    url.searchParams.set('options', `${url.searchParams.get('options') ?? ''} -c ${setting}`.trim());
  if (schema !== undefined) set(`search_path=${schema}`);
  if (isServiceLogin(url.username)) {
    set(`role=${role}`);
    return url.toString();
  }
  url.username = role;
  url.password = rolePassword(databaseUrl, role);
  return url.toString();
}

/** The owner's URL with the login of a service in the owner's place; its password is derived unless one is given. */
export function serviceUrl(ownerUrl: string, login: ServiceLogin, password?: string): string {
  const url = ownerUrlOf(ownerUrl);
  url.username = login;
  url.password = password ?? rolePassword(ownerUrl, login);
  return url.toString();
}
