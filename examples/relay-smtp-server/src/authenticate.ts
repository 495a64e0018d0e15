import type { RelayClient } from '@postern/relay-client';
import type { SMTPServerAuthentication } from 'smtp-server';
import type { Passwords } from './passwords.js';

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
export async function authenticate(
  auth: Pick<SMTPServerAuthentication, 'username' | 'password'>,
  remoteAddress: string,
  passwords: Passwords,
  postern: Pick<RelayClient, 'decide'>,
): Promise<string> {
  const username = auth.username ?? '';
  if (!(await passwords.verify(username, auth.password ?? ''))) {
    throw new SmtpRefusal(535, '5.7.8', 'Authentication credentials invalid');
  }
  const { reply } = postern.decide(username, remoteAddress);
  if (reply !== null) throw new SmtpRefusal(reply.code, reply.enhanced, reply.text);
  return username;
}
