import type { Client } from 'pg';
import { againstOthers, ensureRole } from './ensure-roles.js';
import { serviceUrl } from './role-url.js';
import { rolesOfService, SERVICE_LOGINS, type ServiceLogin } from './service-logins.js';
import { withSession } from './session.js';

export interface ServiceLoginOptions {
  readonly bus: 'feed' | 'kafka';
  /** Each login may look up which migrations these have. */
  readonly schemas: readonly string[];
  /** A password for each login; the derived one where none is given. */
  readonly passwords?: Partial<Readonly<Record<ServiceLogin, string>>>;
}

/**
 * Makes the logins of the services and has each be a member of just the roles of its service: what it was granted
 * otherwise is taken back. Roles and schemas must be there already (`migrate`).
 * Throws `DatabaseUnreachable`, `RoleNotOurs`.
 */
export async function ensureServiceLogins(ownerUrl: string, options: ServiceLoginOptions): Promise<void> {
  await withSession(ownerUrl, async (client) => {
    for (const login of Object.keys(SERVICE_LOGINS) as ServiceLogin[]) {
      await ensureRole(client, ownerUrl, serviceUrl(ownerUrl, login, options.passwords?.[login]));
      await againstOthers(() => setMemberships(client, login, rolesOfService(login, options.bus)));
      for (const schema of options.schemas) await againstOthers(() => showMigrations(client, login, schema));
    }
  });
}

async function setMemberships(client: Client, login: ServiceLogin, wanted: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ role: string; right: boolean }>(
    `SELECT roleid::regrole::text AS role, set_option AND NOT inherit_option AND NOT admin_option AS right
       FROM pg_auth_members WHERE member = $1::regrole`,
    [login],
  );
  const stands = new Map(rows.map(({ role, right }) => [role, right]));
  for (const [role, right] of stands) {
    if (!right || !wanted.includes(role)) await client.query(`REVOKE ${role} FROM ${login}`);
  }
  for (const role of wanted) {
    // Without INHERIT the login itself may do nothing; with SET it may become the role.
    if (stands.get(role) !== true)
      await client.query(`GRANT ${role} TO ${login} WITH INHERIT FALSE, SET TRUE, ADMIN FALSE`);
  }
}

async function showMigrations(client: Client, login: ServiceLogin, schema: string): Promise<void> {
  await client.query(
    `GRANT USAGE ON SCHEMA ${schema} TO ${login}; GRANT SELECT (id, name) ON ${schema}.migrations TO ${login}`,
  );
}
