import type { DatabaseRole } from './roles.js';

/**
 * What each service connects as where it is a process of its own, and the roles that it may then take on: those of its
 * own tables. A login owns nothing and inherits nothing, so that a service's credential reaches no other service's tables.
 */
export const SERVICE_LOGINS = {
  postern_command_service: ['postern_journal_writer', 'postern_command', 'postern_feed', 'postern_access'],
  postern_projection_service: [
    'postern_projection',
    'postern_directory_reader',
    'postern_relay_reader',
    'postern_access',
  ],
  postern_audit_trail_service: ['postern_audit', 'postern_audit_reader', 'postern_access'],
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
