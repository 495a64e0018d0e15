import type { Client } from 'pg';
import { ownerUrlOf } from './connection-url.js';
import { roleUrl } from './role-url.js';
import { DATABASE_ROLES } from './roles.js';
import { scramVerifier } from './scram-verifier.js';
import { DatabaseUnreachable, withSession } from './session.js';

const ATTRIBUTES = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';
/** invalid_password, invalid_authorization_specification. */
const REFUSED_LOGIN = new Set(['28P01', '28000']);
/** unique_violation, duplicate_object, and "tuple concurrently updated": another process was making the same role. */
const MADE_BY_ANOTHER = new Set(['23505', '42710', 'XX000']);
const INSUFFICIENT_PRIVILEGE = '42501';
const ATTEMPTS = 20;

/** The owner did not make the role, and has no say over it; the message says who can mend that, and how. */
class RoleNotOurs extends Error {
  override readonly name = 'RoleNotOurs';
  readonly permanent = true;
  constructor(ownerUrl: string, role: string, cause: unknown) {
    const owner = ownerUrlOf(ownerUrl).username;
    super(
      `${owner} may not change the role ${role}, which another owner made, and its password or attributes are not right. ` +
        `As a superuser run: GRANT ${role} TO ${owner} WITH ADMIN OPTION (and so for each role of Postern), then start again.`,
      { cause },
    );
  }
}

/** The owner may not create roles; the message says which right is missing. */
class RolesNotAllowed extends Error {
  override readonly name = 'RolesNotAllowed';
  readonly permanent = true;
  constructor(ownerUrl: string, cause: unknown) {
    const owner = ownerUrlOf(ownerUrl).username;
    super(
      `${owner} may not create the roles of Postern. As a superuser run: ALTER ROLE ${owner} CREATEROLE, then start again.`,
      { cause },
    );
  }
}

/**
 * Makes every role of Postern that is missing, and mends attributes and passwords that are not right.
 * Roles belong to the cluster, but an advisory lock to one database: processes that start on several databases
 * of a cluster at once meet here, and the loser looks again. Throws `DatabaseUnreachable`, `RoleNotOurs`, `RolesNotAllowed`.
 */
export async function ensureRoles(ownerUrl: string): Promise<void> {
  await withSession(ownerUrl, async (client) => {
    for (const role of DATABASE_ROLES) await ensureRole(client, ownerUrl, roleUrl(ownerUrl, role));
  });
}

/** Makes or mends one role, which is to log in by `loginUrl`, its own name and password in it. */
export async function ensureRole(client: Client, ownerUrl: string, loginUrl: string): Promise<void> {
  const { username: role, password } = new URL(loginUrl);
  await againstOthers(async () => {
    const exists = await roleStands(client, role);
    if (exists === 'right' && (await canLogIn(loginUrl))) return;
    const verb = exists === 'missing' ? 'CREATE' : 'ALTER';
    // An owner who is no superuser may set a password, but not even name the attributes of a superuser.
    const attributes = exists === 'right' ? 'LOGIN' : ATTRIBUTES;
    const verifier = scramVerifier(decodeURIComponent(password));
    try {
      await client.query(`${verb} ROLE ${role} WITH ${attributes} PASSWORD '${verifier}'`);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== INSUFFICIENT_PRIVILEGE) throw error;
      throw exists === 'missing' ? new RolesNotAllowed(ownerUrl, error) : new RoleNotOurs(ownerUrl, role, error);
    }
  });
}

/** Does it again where another process was changing the same role. */
export async function againstOthers(change: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await change();
    } catch (error) {
      const { code = '' } = error as { code?: string };
      if (!MADE_BY_ANOTHER.has(code) || attempt === ATTEMPTS) throw error;
      await new Promise((done) => setTimeout(done, 5 + Math.random() * 20 * attempt));
    }
  }
}

async function roleStands(client: Client, role: string): Promise<'missing' | 'wrong' | 'right'> {
  const { rows } = await client.query<{ right: boolean }>(
    `SELECT rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls) AS right
       FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  const row = rows[0];
  if (!row) return 'missing';
  return row.right ? 'right' : 'wrong';
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
