import { createHmac } from 'node:crypto';
import { ownerUrlOf } from './session.js';

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
  'postern_logins_writer',
  'postern_logins_reader',
] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

/**
 * What each service connects as where it is a process of its own, and the roles that it may then take on: those of its
 * own tables. A login owns nothing and inherits nothing, so that a service's credential reaches no other service's tables.
 */
export const SERVICE_LOGINS = {
  postern_command_service: [
    'postern_journal_writer',
    'postern_command',
    'postern_feed',
    'postern_access',
    'postern_logins_writer',
    'postern_logins_reader',
  ],
  postern_projection_service: [
    'postern_projection',
    'postern_directory_reader',
    'postern_relay_reader',
    'postern_access',
  ],
  postern_audit_trail_service: [
    'postern_audit',
    'postern_audit_reader',
    'postern_access',
    'postern_logins_writer',
    'postern_logins_reader',
  ],
} as const satisfies Record<string, readonly DatabaseRole[]>;
export type ServiceLogin = keyof typeof SERVICE_LOGINS;

/** Where the journal's feed itself is the bus, each service reads it; with Kafka between them the publisher alone does. */
const FEED: DatabaseRole = 'postern_feed';

export function isServiceLogin(name: string): name is ServiceLogin {
  return Object.hasOwn(SERVICE_LOGINS, name);
}

export function rolesOfService(login: ServiceLogin, bus: 'feed' | 'kafka'): readonly DatabaseRole[] {
  const own: readonly DatabaseRole[] = SERVICE_LOGINS[login];
  return bus === 'kafka' || own.includes(FEED) ? own : [...own, FEED];
}

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
 * Throws `DatabaseNotUsable`.
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
