import { createHmac } from 'node:crypto';
import { ownerUrlOf } from './connection-url.js';

/** The roles as which Postern's modules connect; none may pass by row-level security. */
export const DATABASE_ROLES = [
  'postern_journal_writer',
  'postern_command',
  'postern_feed',
  'postern_access',
  'postern_projection',
  'postern_directory_reader',
  'postern_relay_reader',
  'postern_audit',
  'postern_audit_reader',
] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

/**
 * A role's password: HMAC-SHA-256 of the role's name under the owner's password, base64url.
 * Whoever has the owner's URL can derive it, so that there is one secret to hand out and none to store.
 */
export function rolePassword(ownerUrl: string, role: DatabaseRole): string {
  const ownerPassword = decodeURIComponent(ownerUrlOf(ownerUrl).password);
  return createHmac('sha256', ownerPassword).update(`postern database role ${role}`).digest('base64url');
}

/** The owner's URL with the role and its password in the owner's place. Throws `DatabaseUrlInvalid`. */
export function roleUrl(ownerUrl: string, role: DatabaseRole): string {
  const url = ownerUrlOf(ownerUrl);
  url.username = role;
  url.password = rolePassword(ownerUrl, role);
  return url.toString();
}
