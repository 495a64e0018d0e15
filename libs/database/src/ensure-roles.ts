import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { DATABASE_ROLES, roleUrl, rolesOfService, SERVICE_LOGINS, serviceUrl, type ServiceLogin } from './roles.js';
import { DatabaseNotUsable, DatabaseUnreachable, ownerUrlOf, withSession } from './session.js';

const ATTRIBUTES = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';
/** invalid_password, invalid_authorization_specification. */
const REFUSED_LOGIN = new Set(['28P01', '28000']);
/** unique_violation, duplicate_object, and "tuple concurrently updated": another process was making the same role. */
const MADE_BY_ANOTHER = new Set(['23505', '42710', 'XX000']);
const INSUFFICIENT_PRIVILEGE = '42501';
const ATTEMPTS = 20;

/**
 * Makes every role of Postern that is missing, and corrects attributes and passwords that are wrong.
 * Roles belong to the cluster, but an advisory lock to one database: processes that start on several databases
 * of a cluster at once meet here, and the loser looks again. Throws `DatabaseUnreachable`, and
 * `DatabaseNotUsable` where the owner may not make or change a role.
 */
export async function ensureRoles(ownerUrl: string): Promise<void> {
  await withSession(ownerUrl, async (client) => {
    for (const role of DATABASE_ROLES) await ensureRole(client, ownerUrl, roleUrl(ownerUrl, role));
  });
}

/** Makes or corrects one role, which is to log in by `loginUrl`, its own name and password in it. */
async function ensureRole(client: Client, ownerUrl: string, loginUrl: string): Promise<void> {
  const { username: role, password } = new URL(loginUrl);
  await againstOthers(async () => {
    const found = await attributesOf(client, role);
    if (found === 'right' && (await canLogIn(loginUrl))) return;
    const verb = found === 'missing' ? 'CREATE' : 'ALTER';
    // An owner who is no superuser may set a password, but not even name the attributes of a superuser.
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
          : `${owner} may not change the role ${role}, which another owner made, and its password or attributes are not right. ` +
            `As a superuser run: GRANT ${role} TO ${owner} WITH ADMIN OPTION (and so for each role of Postern), then start again.`;
      throw new DatabaseNotUsable(what, { cause: error });
    }
  });
}

/** Does it again where another process was changing the same role. */
async function againstOthers(change: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await change();
    } catch (error) {
      const { code = '' } = error as { code?: string };
      if (!MADE_BY_ANOTHER.has(code) || attempt === ATTEMPTS) throw error;
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

/** A login is the only look at a password that an owner who is no superuser has. */
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
  /** Each login may look up which migrations these have. */
  readonly schemas: readonly string[];
  /** A password for each login; the derived one where none is given. */
  readonly passwords?: Partial<Readonly<Record<ServiceLogin, string>>>;
}

/**
 * Makes the logins of the services and makes each a member of just the roles of its service: whatever else it was
 * granted is revoked. Roles and schemas must be there already (`migrate`).
 * Throws as `ensureRoles` does.
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
  const present = new Map(rows.map(({ role, right }) => [role, right]));
  for (const [role, right] of present) {
    if (!right || !wanted.includes(role)) await client.query(`REVOKE ${role} FROM ${login}`);
  }
  for (const role of wanted) {
    // Without INHERIT the login itself may do nothing; with SET it may become the role.
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

/**
 * What PostgreSQL keeps of a password (`pg_authid.rolpassword`): the keys of RFC 5803, section 3.
 * Making it here keeps the password itself out of the server's logs. `password` is printable ASCII.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const key = (name: string) => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(key('Client Key')).digest('base64');
  const server = key('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`;
}
