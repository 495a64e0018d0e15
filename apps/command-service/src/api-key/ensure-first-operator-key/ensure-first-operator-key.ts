import type { INestApplicationContext } from '@nestjs/common';
import { FirstOperatorKey } from './first-operator-key.js';

/**
 * To be called by whoever starts the service, before it listens.
 * @param given the operator's own choice of a key (`POSTERN_OPERATOR_KEY`), or null
 * @returns the text of a key that was made now, to be shown once and kept; null where one was given or stands already
 * Throws `OperatorKeyUnusable`.
 */
export async function ensureFirstOperatorKey(
  app: INestApplicationContext,
  given: string | null,
): Promise<string | null> {
  const firstKey = app.get(FirstOperatorKey, { strict: false });
  if (given === null) return firstKey.ensureAny();
  await firstKey.ensureGiven(given);
  return null;
}
