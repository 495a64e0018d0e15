import type { Denial } from '@postern/contracts';
import { setTimeout as wait } from 'node:timers/promises';
import { EXIT } from '../exit-codes.js';
import { Failure } from '../failure.js';
import { newDenials, type Look, type ReadPage } from './new-denials.js';
import { SeenDenials } from './seen-denials.js';

/** Some 20 MB of ids. */
const MOST_REMEMBERED = 200_000;
/** How often it is looked for what relays reported late. */
const THOROUGH_EVERY_MS = 10_000;

export interface Following {
  readonly read: ReadPage;
  readonly intervalMs: number;
  /** How long after it occurred a denial may be reported and is still shown. */
  readonly lateMs: number;
  /** How many of those before the beginning are shown first. */
  readonly last: number;
  readonly show: (denial: Denial) => void;
  readonly aside: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Shows each denial once, as it becomes known, until the signal. A Postern that is away for a while is waited for.
 * Throws what stands against the first look, and later a refusal: a key that was revoked comes to nothing any more.
 */
export async function followDenials(following: Following): Promise<void> {
  const { intervalMs, lateMs, last, show, aside, signal } = following;
  const seen = new SeenDenials(ago(lateMs), MOST_REMEMBERED);
  const before = await newDenials(seen, following.read, 'thorough');
  for (const denial of last === 0 ? [] : before.denials.slice(-last)) show(denial);
  aside('Waiting for denials. Ctrl-C ends it.');
  let thoroughAt = Date.now() + THOROUGH_EVERY_MS;
  let away = false;
  while (!signal.aborted) {
    const thorough = Date.now() >= thoroughAt;
    const look = await lookOnce(seen, following, thorough);
    if (look instanceof Failure) {
      if (!away) aside(`${look.message} Trying on …`);
      away = true;
    } else {
      if (away) aside('Postern is back.');
      away = false;
      for (const denial of look.denials) show(denial);
      if (!look.complete)
        aside(`There are more than can be shown. \`postern denials --from ${seen.floor}\` has them all.`);
      if (thorough) thoroughAt = Date.now() + THOROUGH_EVERY_MS;
      if (seen.forgetBefore(ago(lateMs)))
        aside(`Too many at once: what is reported late is shown from ${seen.floor} on.`);
    }
    await wait(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** A failure that may pass is returned. */
async function lookOnce(seen: SeenDenials, { read, signal }: Following, thorough: boolean): Promise<Look | Failure> {
  try {
    return await newDenials(seen, read, thorough ? 'thorough' : 'quick');
  } catch (error) {
    if (signal.aborted) return { denials: [], complete: true };
    if (error instanceof Failure && error.exitCode === EXIT.unavailable) return error;
    throw error;
  }
}

function ago(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}
