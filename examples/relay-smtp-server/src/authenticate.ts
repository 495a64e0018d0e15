import { createHash, timingSafeEqual } from 'node:crypto';
import { isUsername, usernameKey } from '@postern/contracts';
import type { RelayClient } from '@postern/relay-client';
import type { SMTPServerAuthentication } from 'smtp-server';

/** A refusal as smtp-server sends it: the code, then the text, which begins with the enhanced status (RFC 3463). */
export class SmtpRefusal extends Error {
  override readonly name = 'SmtpRefusal';

  constructor(
    readonly responseCode: number,
    enhanced: string,
    text: string,
  ) {
    super(`${enhanced} ${text}`);
  }
}

/**
 * Checks the password, and asks Postern only if it is right. A wrong password therefore reveals nothing about addresses, and is not
 * recorded as a denial. Returns the username that is logged in. @throws SmtpRefusal.
 */
export function authenticate(
  auth: Pick<SMTPServerAuthentication, 'username' | 'password'>,
  remoteAddress: string,
  passwords: Passwords,
  postern: Pick<RelayClient, 'decide'>,
): string {
  const username = auth.username ?? '';
  if (!passwords.verify(username, auth.password ?? '')) {
    throw new SmtpRefusal(535, '5.7.8', 'Authentication credentials invalid');
  }
  const { reply } = postern.decide(username, remoteAddress);
  if (reply !== null) throw new SmtpRefusal(reply.code, reply.enhanced, reply.text);
  return username;
}

/** The passwords of this example, by username. Usernames are compared as in Postern; an invalid one cannot log in. */
export class Passwords {
  private readonly hashes = new Map<string, Buffer>();

  constructor(users: Readonly<Record<string, string>>) {
    for (const [username, password] of Object.entries(users))
      if (isUsername(username)) this.hashes.set(usernameKey(username), hashOf(password));
  }

  /** An unknown username takes as long as a known one, so the time does not reveal which usernames exist. */
  verify(username: string, password: string): boolean {
    const expected = isUsername(username) ? this.hashes.get(usernameKey(username)) : undefined;
    return timingSafeEqual(hashOf(password), expected ?? hashOf('')) && expected !== undefined;
  }
}

function hashOf(password: string): Buffer {
  return createHash('sha256').update(password.normalize()).digest();
}
