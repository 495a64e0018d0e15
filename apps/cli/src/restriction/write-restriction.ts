import type { Restriction } from '@postern/restrictions';
import type { WriteOptions } from '../connection/postern-api.js';
import type { Session } from '../session.js';
import type { NamedSmtpUser } from '../smtp-user/find-smtp-user.js';
import { untilReadable } from '../smtp-user/until-readable.js';
import { describeRestriction } from './describe.js';

/** What of a restriction is written: a path below the SMTP user's. */
export interface RestrictionWrite extends WriteOptions {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly part: string;
}

/** Writes, waits until the reads have it, and shows how the restriction stands now. */
export async function writeRestriction(
  session: Session,
  user: NamedSmtpUser,
  { method, part, ...options }: RestrictionWrite,
): Promise<void> {
  const { body, version } = await session.api.write<Restriction>(method, `${user.path}${part}`, options);
  await untilReadable(session, user.path, version ?? body.version);
  session.output.answer(body, () => describeRestriction(user.name, body, session.output));
}
