import { setTimeout as sleep } from 'node:timers/promises';
import Negotiator from 'negotiator';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';

/** Browsers send about a dozen; a longer header is cut. */
const LONGEST_ACCEPT = 2_048;

/** RFC 9110, section 12.5.1. If `Accept` names no offer, the first one, not a useless 406. */
export function preferredType<Type extends string>(
  accept: string | undefined,
  offers: readonly [Type, ...Type[]],
): Type {
  const negotiator = new Negotiator({ headers: { accept: (accept || '*/*').slice(0, LONGEST_ACCEPT) } });
  return (negotiator.mediaType([...offers]) as Type | undefined) ?? offers[0];
}

/** `W/` of a proxy that compresses (nginx), or a suffix within the quotes (Apache: `-gzip`, Jetty: `--gzip`). */
const CHANGED_TAG = /(?:W\/)?"(\d{1,9})(?:--?(?:gzip|br|zstd|deflate))?"/g;

export function strongTags(ifMatch: string): string {
  return ifMatch.trim().replace(CHANGED_TAG, '"$1"');
}

export const MIN_VERSION_WAIT_MS = 2_000;
const LOAD_EVERY_MS = 25;

/** `Postern-Min-Version`; 0 if it is missing. */
export const MinVersion = createParamDecorator((_: unknown, context: ExecutionContext): number => {
  const given = context.switchToHttp().getRequest<FastifyRequest>().headers['postern-min-version'];
  if (given === undefined) return 0;
  if (typeof given === 'string' && /^\d{1,9}$/.test(given)) return Number(given);
  const detail = 'Postern-Min-Version must be the version that a write returned: a whole number.';
  throw new Problem('validation-failed', detail, {
    errors: [{ pointer: 'Postern-Min-Version', code: 'validation-failed', detail }],
  });
});

/** @throws `read-side-behind` after a time-out. */
export async function atLeastVersion<T extends { readonly version: number }>(
  minVersion: number,
  load: () => Promise<T | null>,
): Promise<T | null> {
  const until = Date.now() + MIN_VERSION_WAIT_MS;
  for (;;) {
    const found = await load();
    const version = found?.version ?? 0;
    if (version >= minVersion) return found;
    if (Date.now() > until)
      throw new Problem(
        'read-side-behind',
        `Version ${minVersion} cannot be read yet; the latest is ${version}. Send the request again after Retry-After.`,
        { headers: { 'retry-after': '1' } },
      );
    await sleep(LOAD_EVERY_MS);
  }
}
