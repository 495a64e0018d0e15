import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { DATABASE_ROLES, roleUrl, rolesOfService, SERVICE_LOGINS, serviceUrl, type ServiceLogin } from './roles.js';
import { DatabaseNotUsable, DatabaseUnreachable, ownerUrlOf, withSession } from './session.js';

const ATTRIBUTES = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';
const REFUSED_LOGIN = new Set(['28P01', '28000']);
/** unique_violation, duplicate_object, and "tuple concurrently updated": another process was creating the same role. */
const CREATED_BY_ANOTHER = new Set(['23505', '42710', 'XX000']);
const INSUFFICIENT_PRIVILEGE = '42501';
const ATTEMPTS = 20;

/**
 * Creates missing roles, and corrects attributes and passwords. Roles belong to the cluster, but an advisory lock to one database, so
 * processes on several databases of a cluster conflict here; the loser retries. @throws `DatabaseUnreachable`, `DatabaseNotUsable`.
 */
export async function ensureRoles(ownerUrl: string): Promise<void> {
  await withSession(ownerUrl, async (client) => {
    for (const role of DATABASE_ROLES) await ensureRole(client, ownerUrl, roleUrl(ownerUrl, role));
  });
}

/** @param loginUrl has the role's name and password */
async function ensureRole(client: Client, ownerUrl: string, loginUrl: string): Promise<void> {
  const { username: role, password } = new URL(loginUrl);
  await againstOthers(async () => {
    const found = await attributesOf(client, role);
    if (found === 'right' && (await canLogIn(loginUrl))) return;
    const verb = found === 'missing' ? 'CREATE' : 'ALTER';
    // An owner who is not a superuser may set a password, but not even name a superuser's attributes.
    const attributes = found === 'right' ? 'LOGIN' : ATTRIBUTES;
    const verifier = scramVerifier(decodeURIComponent(password));
    try {
      await client.query(`${verb} ROLE ${role} WITH ${attributes} PASSWORD '${verifier}'`);
    } catch (error) {
      if ((error as { code?: string }).code !== INSUFFICIENT_PRIVILEGE) throw error;
      const owner = ownerUrlOf(ownerUrl).username;
      const what =
        found === 'missing'
          ? `${owner} may not create the roles of Postern. As a superuser run: ALTER ROLE ${owner} CREATEROLE, then start again.`
          : `${owner} may not change the role ${role}, which another owner created, and its password or attributes are wrong. ` +
            `As a superuser run: GRANT ${role} TO ${owner} WITH ADMIN OPTION (and so for each role of Postern), then start again.`;
      throw new DatabaseNotUsable(what, { cause: error });
    }
  });
}

async function againstOthers(change: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await change();
    } catch (error) {
      const { code = '' } = error as { code?: string };
      if (!CREATED_BY_ANOTHER.has(code) || attempt === ATTEMPTS) throw error;
      await sleep(5 + Math.random() * 20 * attempt);
    }
  }
}

async function attributesOf(client: Client, role: string): Promise<'missing' | 'wrong' | 'right'> {
  const { rows } = await client.query<{ right: boolean }>(
    `SELECT rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls) AS right
       FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  if (!rows[0]) return 'missing';
  return rows[0].right ? 'right' : 'wrong';
}

/** An owner who is not a superuser can check a password only by a login. */
async function canLogIn(loginUrl: string): Promise<boolean> {
  try {
    await withSession(loginUrl, async () => undefined);
    return true;
  } catch (error) {
    const cause = error instanceof DatabaseUnreachable ? (error.cause as { code?: string }) : undefined;
    if (REFUSED_LOGIN.has(cause?.code ?? '')) return false;
    throw error;
  }
}

export interface ServiceLoginOptions {
  readonly bus: 'feed' | 'kafka';
  readonly schemas: readonly string[];
  readonly passwords?: Partial<Readonly<Record<ServiceLogin, string>>>;
}

/** Makes each login a member of only its service's roles; other grants are revoked. Call `migrate` first. @throws the errors of `ensureRoles`. */
export async function ensureServiceLogins(ownerUrl: string, options: ServiceLoginOptions): Promise<void> {
  await withSession(ownerUrl, async (client) => {
    for (const login of Object.keys(SERVICE_LOGINS) as ServiceLogin[]) {
      await ensureRole(client, ownerUrl, serviceUrl(ownerUrl, login, options.passwords?.[login]));
      await againstOthers(() => setMemberships(client, login, rolesOfService(login, options.bus)));
      for (const schema of options.schemas) await againstOthers(() => showMigrations(client, login, schema));
    }
  });
}

async function setMemberships(client: Client, login: ServiceLogin, roles: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ role: string; right: boolean }>(
    `SELECT roleid::regrole::text AS role, set_option AND NOT inherit_option AND NOT admin_option AS right
       FROM pg_auth_members WHERE member = $1::regrole`,
    [login],
  );
  const present = new Map(rows.map(({ role, right }) => [role, right]));
  for (const [role, right] of present) {
    if (!right || !roles.includes(role)) await client.query(`REVOKE ${role} FROM ${login}`);
  }
  for (const role of roles) {
    // Without INHERIT the login itself has no rights; with SET it may become the role.
    if (present.get(role) !== true)
      await client.query(`GRANT ${role} TO ${login} WITH INHERIT FALSE, SET TRUE, ADMIN FALSE`);
  }
}

async function showMigrations(client: Client, login: ServiceLogin, schema: string): Promise<void> {
  await client.query(
    `GRANT USAGE ON SCHEMA ${schema} TO ${login}; GRANT SELECT (id, name) ON ${schema}.migrations TO ${login}`,
  );
}

const ITERATIONS = 4096;

/** SCRAM keys (RFC 5803, section 3): computed here, so that the password is not in the server's logs. */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const key = (name: string) => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(key('Client Key')).digest('base64');
  const server = key('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`;
}
