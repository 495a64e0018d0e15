import type { INestApplicationContext } from '@nestjs/common';
import { FirstOperatorKey } from './first-operator-key.js';

/**
 * To be called by whoever starts the service, before it listens.
 * @param given the operator's own choice of a key (`POSTERN_OPERATOR_KEY`), or null
 * @param keep told the text of a key that is being made; where it throws, none is made
 * @returns the text of a key that was made now, to be shown once and kept; null where one was given or stands already
 * Throws `OperatorKeyUnusable`, and what `keep` throws.
 */
export async function ensureFirstOperatorKey(
  app: INestApplicationContext,
  given: string | null,
  keep: (text: string) => Promise<void> = async () => undefined,
): Promise<string | null> {
  const firstKey = app.get(FirstOperatorKey, { strict: false });
  if (given === null) return firstKey.ensureAny(keep);
  await firstKey.ensureGiven(given);
  return null;
}
