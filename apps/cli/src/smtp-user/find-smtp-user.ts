import { isUuid, usernameKey, type Change, type Page } from '@postern/contracts';
import type { SmtpUser } from '@postern/restrictions';
import { segment } from '../connection/postern-api.js';
import { EXIT } from '../exit-codes.js';
import { Failure } from '../failure.js';
import { tenantPath, type Session } from '../session.js';

/** An SMTP user as the command line named it. */
export interface NamedSmtpUser {
  /** `/v1/tenants/<tenant>/smtp-users/<id>` */
  readonly path: string;
  /** As it was given: a username, or an id. */
  readonly name: string;
}

/** Pages of 500. A whole username is part of few others: more are only walked for one such as `a`. */
const MOST_PAGES = 40;

/** The SMTP user with this id or exactly this username, in any case. Throws a failure where there is none. */
export async function findSmtpUser(session: Session, named: string): Promise<NamedSmtpUser> {
  const found = await find(session, named);
  if (found) return found;
  throw new Failure(
    EXIT.refused,
    `There is no SMTP user ${JSON.stringify(named)} in the tenant ${await session.tenant()}. ` +
      '`postern users list` shows them; one that was removed can be named by its id.',
  );
}

/** As `findSmtpUser`; and where no user has the name now, the one that had it when it was removed, for looking back. */
export async function findSmtpUserThenOrNow(session: Session, named: string): Promise<NamedSmtpUser> {
  const now = await find(session, named);
  if (now) return now;
  const ids = await removedWithName(session, named);
  const [id] = ids;
  if (id === undefined) return findSmtpUser(session, named);
  if (ids.length > 1) {
    throw new Failure(EXIT.refused, `Several that were removed were ${named}. Name one by its id: ${ids.join(', ')}.`);
  }
  session.output.aside(`${named} was removed; it was the SMTP user ${id}.`);
  return { path: `${await tenantPath(session)}/smtp-users/${segment(id)}`, name: named };
}

async function find(session: Session, named: string): Promise<NamedSmtpUser | null> {
  const users = `${await tenantPath(session)}/smtp-users`;
  if (isUuid(named.toLowerCase())) return { path: `${users}/${named.toLowerCase()}`, name: named };
  const key = usernameKey(named);
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await session.api.get<Page<SmtpUser>>(users, { query: { query: named, limit: 500, cursor } });
    const user = page.items.find(({ username }) => usernameKey(username) === key);
    if (user) return { path: `${users}/${user.id}`, name: user.username };
    if (page.nextCursor === null) return null;
    cursor = page.nextCursor;
  }
  throw new Failure(EXIT.refused, `Too many usernames have ${JSON.stringify(named)} in them. Name the user by its id.`);
}

async function removedWithName(session: Session, named: string): Promise<string[]> {
  const key = usernameKey(named);
  const ids = new Set<string>();
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await session.api.get<Page<Change>>(`${await tenantPath(session)}/changes`, {
      query: { limit: 500, cursor },
    });
    for (const { type, username, smtpUserId } of page.items) {
      if (type === 'SmtpUserRemoved' && username !== null && smtpUserId !== null && usernameKey(username) === key)
        ids.add(smtpUserId);
    }
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  return [...ids];
}
