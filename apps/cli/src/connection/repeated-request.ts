import { setTimeout as wait } from 'node:timers/promises';
import { EXIT } from '../exit-codes.js';
import { Failure } from '../failure.js';

/** How often a request is sent at most. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 200;
/** Busy, or not there for a moment: the same request may get on later. */
const PASSING = new Set([429, 502, 503, 504]);

export interface Repeatable<Result> {
  readonly url: string;
  readonly init: RequestInit;
  /** For all attempts together. */
  readonly timeoutMs: number;
  readonly attempts?: number;
  readonly signal?: AbortSignal | undefined;
  /** Takes the answer in; a connection that is lost meanwhile is a failed attempt too. */
  readonly read: (response: Response) => Promise<Result>;
}

/**
 * Sends a request that is safe to send twice, and again after a lost connection or an answer that is a passing trouble,
 * with doubling pauses or that of `Retry-After`. Resolves to what `read` makes of the last answer, whatever its status.
 * Throws `Failure` where no answer came in time; the reason of `signal` where that was aborted.
 */
export async function requestRepeatedly<Result>(request: Repeatable<Result>): Promise<Result> {
  const { url, init, timeoutMs, attempts = ATTEMPTS, signal, read } = request;
  const deadline = Date.now() + timeoutMs;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const stop = signal ? AbortSignal.any([late.signal, signal]) : late.signal;
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await fetch(url, { ...init, redirect: 'manual', signal: stop });
        const pause = pauseAfter(response, attempt);
        if (!PASSING.has(response.status) || attempt === attempts || Date.now() + pause >= deadline) {
          return await read(response);
        }
        await response.body?.cancel();
        await wait(pause, undefined, { signal: stop });
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Failure) throw error;
        if (late.signal.aborted) throw tooSlow(url, timeoutMs);
        if (attempt === attempts) throw unreachable(url, error);
        await wait(FIRST_PAUSE_MS * 2 ** (attempt - 1), undefined, { signal: stop }).catch(() => undefined);
        signal?.throwIfAborted();
        if (late.signal.aborted) throw unreachable(url, error);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

function pauseAfter(response: Response, attempt: number): number {
  const seconds = /^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0];
  return seconds === undefined ? FIRST_PAUSE_MS * 2 ** (attempt - 1) : Number(seconds) * 1_000;
}

function tooSlow(url: string, timeoutMs: number): Failure {
  const message = `${new URL(url).origin} did not answer within ${timeoutMs / 1_000} s. --timeout gives it longer.`;
  return new Failure(EXIT.unavailable, message);
}

function unreachable(url: string, error: unknown): Failure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown } | null)?.code;
  const why = typeof code === 'string' ? code : cause instanceof Error ? cause.message : String(cause);
  return new Failure(
    EXIT.unavailable,
    `Postern cannot be reached at ${new URL(url).origin} (${why}). Does it run, and is POSTERN_URL or --url right?`,
    { cause: error },
  );
}
