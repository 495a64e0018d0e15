import type { Recorded, SmtpUserEvent } from '@postern/contracts';
import { SmtpUserRows } from '@postern/read-models';
import type { EntityManager } from 'typeorm';

/** In the caller's transaction, repeats without effect. @throws `EventsMissing`, `StreamConflict`. */
export async function applyDirectory(
  manager: EntityManager,
  events: readonly Recorded<SmtpUserEvent>[],
): Promise<void> {
  const users = await SmtpUserRows.load(manager, events);
  for (const event of events) users.apply(event);
  await users.save(manager);
}
