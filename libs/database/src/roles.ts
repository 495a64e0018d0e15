import { createHmac } from 'node:crypto';
import { ownerUrlOf } from './session.js';

/** The roles of Postern's modules. None bypasses row-level security. */
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

/** Logins and the roles that they may become. A login owns and inherits nothing. */
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

/** If the feed is the bus, each service reads it; with Kafka, only the publisher does. */
const FEED: DatabaseRole = 'postern_feed';

export function isServiceLogin(name: string): name is ServiceLogin {
  return Object.hasOwn(SERVICE_LOGINS, name);
}

export function rolesOfService(login: ServiceLogin, bus: 'feed' | 'kafka'): readonly DatabaseRole[] {
  const own: readonly DatabaseRole[] = SERVICE_LOGINS[login];
  return bus === 'kafka' || own.includes(FEED) ? own : [...own, FEED];
}

/** HMAC-SHA-256 of its name with the owner's password: one secret to hand out, none to store. */
function rolePassword(ownerUrl: string, role: DatabaseRole | ServiceLogin): string {
  const ownerPassword = decodeURIComponent(ownerUrlOf(ownerUrl).password);
  return createHmac('sha256', ownerPassword).update(`postern database role ${role}`).digest('base64url');
}

/** The schema that the role writes. Its statements name no schema, so that a rebuild can run them on new tables. */
const SCHEMA_WRITTEN_BY: Partial<Record<DatabaseRole, string>> = {
  postern_projection: 'projection',
  postern_audit: 'audit',
};

/**
 * From the owner's URL: with the role's name and password. From a service's: the same login, which becomes the role when it connects;
 * PostgreSQL refuses that if it is not a member. @throws `DatabaseNotUsable`.
 */
export function roleUrl(databaseUrl: string, role: DatabaseRole): string {
  const url = ownerUrlOf(databaseUrl);
  const schema = SCHEMA_WRITTEN_BY[role];
  // libpq's `options`: RESET restores these values.
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

/** By default, the password is derived from the owner's. */
export function serviceUrl(ownerUrl: string, login: ServiceLogin, password?: string): string {
  const url = ownerUrlOf(ownerUrl);
  url.username = login;
  url.password = password ?? rolePassword(ownerUrl, login);
  return url.toString();
}
