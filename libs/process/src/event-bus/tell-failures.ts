import type { Logger } from '@nestjs/common';

/** The same trouble is told again after so long. */
const AGAIN_AFTER_MS = 10_000;
/** Messages have offsets and ids in them: whoever makes new ones for ever is told from the beginning. */
const MOST_KEPT = 1_000;

/**
 * Logs what a consumer fails by. It tries again each second, in every partition: each trouble is told once, and then every 10 s,
 * with how often it came meanwhile.
 */
export function failureTeller(log: Pick<Logger, 'error'>): (consumer: string, error: Error) => void {
  const told = new Map<string, { at: number; since: number }>();
  return (consumer, { message }) => {
    const line = `${consumer} could not handle its events and tries again: ${message}`;
    const last = told.get(line);
    const now = performance.now();
    if (last && now - last.at < AGAIN_AFTER_MS) {
      last.since += 1;
      return;
    }
    if (told.size >= MOST_KEPT) told.clear();
    told.set(line, { at: now, since: 0 });
    log.error(last && last.since > 0 ? `${line} (${last.since} times more since it was last told)` : line);
  };
}
