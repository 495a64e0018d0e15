import { QueryFailedError } from 'typeorm';

export class VersionConflict extends Error {
  override readonly name = 'VersionConflict';
  readonly permanent = false;
  readonly action = 'It is being changed by many at once. Nothing was changed; send it again shortly.';
  constructor(
    readonly streamId: string,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`The stream ${streamId} is at version ${actual}, not at ${expected}. Load it again and decide again.`);
  }
}

export class EventExists extends Error {
  override readonly name = 'EventExists';
  readonly permanent = true;
  constructor(
    readonly streamId: string,
    readonly eventIds: readonly string[],
  ) {
    super(
      `The journal has ${eventIds.join(', ')} already. Give each event an id of its own, or append with expectedVersion 'any'.`,
    );
  }
}

/** The append cannot be stored; a retry cannot help. Nothing was appended. */
export class AppendRefused extends Error {
  override readonly name = 'AppendRefused';
  readonly permanent = true;
}

/** Too many appends are waiting: answer 503, so that the client retries. Nothing was appended. */
export class JournalBusy extends Error {
  override readonly name = 'JournalBusy';
  readonly permanent = false;
  readonly databaseFailed = true;
  readonly action = 'More writes wait than can be kept. Send it again shortly.';
  constructor() {
    super('Too many appends wait for the database. Try again shortly.');
  }
}

export class AppendExpired extends Error {
  override readonly name = 'AppendExpired';
  readonly permanent = false;
  readonly databaseFailed = true;
  readonly action = 'The database did not get to the change in time. Nothing was changed; send it again shortly.';
  constructor(cause?: unknown) {
    super('The append missed its deadline and will not happen. Try again.', { cause });
  }
}

/**
 * The database failed before it answered, so the events may have been appended. After the deadline they are not appended any more. Answer 503:
 * a repeat finds out by its expected version or its event ids.
 */
export class JournalUnavailable extends Error {
  override readonly name = 'JournalUnavailable';
  readonly permanent = false;
  readonly databaseFailed = true;
  readonly action = 'The journal cannot be reached, so the change was not confirmed. Send it again shortly.';
  constructor(reason: string, cause?: unknown) {
    super(`The journal did not confirm the append: ${reason}`, { cause });
  }
}

/**
 * Rolled back: `refused` because of the append's content, `expired` at its deadline, `contended` because of others (a lock time-out, a deadlock,
 * an id that another session adds). `unavailable`: anything else, maybe committed.
 */
export type FailureKind = 'refused' | 'expired' | 'contended' | 'unavailable';

const CONTENDED = new Set(['55P03', '40P01', '40001', '23505']);

export function failureKind(error: unknown): FailureKind {
  if (error instanceof AppendExpired) return 'expired';
  const state = sqlState(error);
  if (state === undefined) return 'unavailable';
  if (state === '25P04') return 'expired';
  if (CONTENDED.has(state)) return 'contended';
  // Data exceptions, integrity, program limits, such as a too large index row.
  return /^(22|23|54)/.test(state) ? 'refused' : 'unavailable';
}

export function failureError(error: unknown): Error {
  if (error instanceof AppendExpired) return error;
  const reason = driverError(error).message;
  if (failureKind(error) === 'expired') return new AppendExpired(error);
  if (failureKind(error) === 'refused')
    return new AppendRefused(`PostgreSQL refused the append: ${reason}`, { cause: error });
  return new JournalUnavailable(reason, error);
}

function driverError(error: unknown): Error & { code?: string } {
  if (error instanceof QueryFailedError) return error.driverError as Error & { code?: string };
  return error instanceof Error ? error : new Error(String(error));
}

/** SQLSTATE has five characters; Node's codes (`ECONNREFUSED`) have more, except EPIPE. */
function sqlState(error: unknown): string | undefined {
  const { code } = driverError(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && code !== 'EPIPE' ? code : undefined;
}
