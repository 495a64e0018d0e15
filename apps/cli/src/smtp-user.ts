import type { Schema } from './schema.js';
import { isUuid, usernameKey } from '@postern/contracts';
import type { SmtpUser } from '@postern/restrictions';
import { segment, type WriteMethod, type WriteOptions } from './api.js';
import type { Session } from './command.js';
import { EXIT, Failure, RequestRefused } from './failure.js';
import { pagesOf } from './list.js';

export interface NamedSmtpUser {
  readonly path: string;
  readonly name: string;
}

/** Few usernames contain a complete username; more are read only for one such as `a`. */
const MOST_READ = 20_000;

/** By id or exact username, in any case. @throws a failure if there is none. */
export async function findSmtpUser(session: Session, named: string): Promise<NamedSmtpUser> {
  const found = await find(session, named);
  if (found) return found;
  throw new Failure(
    EXIT.refused,
    `There is no SMTP user ${JSON.stringify(named)} in the tenant ${await session.tenant()}. ` +
      '`postern users list` shows all; name a removed one by its id.',
  );
}

/** If there is none, finds the removed user that had the name last. */
export async function findSmtpUserThenOrNow(session: Session, named: string): Promise<NamedSmtpUser> {
  const now = await find(session, named);
  if (now) return now;
  const ids = await removedWithName(session, named);
  const [id] = ids;
  if (id === undefined) return findSmtpUser(session, named);
  if (ids.length > 1)
    throw new Failure(
      EXIT.refused,
      `Several removed SMTP users had the username ${named}. Name one by its id: ${ids.join(', ')}.`,
    );
  session.output.remark(`${named} was removed; it was the SMTP user ${id}.`);
  return { path: `${await session.tenantPath()}/smtp-users/${segment(id)}`, name: named };
}

/** Waits until reads show the change, so that the next command sees it. Returns the answer's body. */
export async function writeSmtpUser<Body>(
  session: Session,
  method: WriteMethod,
  path: string,
  options: WriteOptions,
  readPath: (body: Body) => string,
): Promise<Body> {
  const { body, version } = await session.api.write<Body>(method, path, options);
  if (version !== null) await untilReadable(session, readPath(body), version);
  return body;
}

/** Postern limits this (2 s per read). The write is done in any case; a delay is only reported. */
async function untilReadable({ api, output }: Session, path: string, version: number): Promise<void> {
  try {
    await api.get(path, { headers: { 'postern-min-version': String(version) }, attempts: 2 });
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 404) return;
    output.remark(`The change is made (version ${version}), but reads do not show it yet.`);
  }
}

async function find(session: Session, named: string): Promise<NamedSmtpUser | null> {
  const users = `${await session.tenantPath()}/smtp-users`;
  if (isUuid(named.toLowerCase())) return { path: `${users}/${named.toLowerCase()}`, name: named };
  const key = usernameKey(named);
  let more = false;
  for await (const page of pagesOf<SmtpUser>(session, users, { query: named }, MOST_READ)) {
    const user = page.items.find(({ username }) => usernameKey(username) === key);
    if (user) return { path: `${users}/${user.id}`, name: user.username };
    more = page.nextCursor !== null;
  }
  if (!more) return null;
  throw new Failure(EXIT.refused, `Too many usernames contain ${JSON.stringify(named)}. Name the user by its id.`);
}

async function removedWithName(session: Session, named: string): Promise<string[]> {
  const key = usernameKey(named);
  const ids = new Set<string>();
  const changes = `${await session.tenantPath()}/changes`;
  for await (const { items } of pagesOf<Schema<'Change'>>(session, changes, { username: named }, MOST_READ))
    for (const { type, username, smtpUserId } of items)
      if (type === 'SmtpUserRemoved' && username !== null && smtpUserId !== null && usernameKey(username) === key)
        ids.add(smtpUserId);
  return [...ids];
}
