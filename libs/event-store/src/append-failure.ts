import { QueryFailedError } from 'typeorm';
import { AppendExpired, AppendRefused, JournalUnavailable } from './append-errors.js';

/**
 * What a failed statement means.
 * `refused`: the database looked at it and rolled it back because of what one append holds.
 * `expired`: rolled back, because its time was over.
 * `contended`: rolled back because of others (a lock time-out, a deadlock, an id that another session was just adding).
 * `unavailable`: anything else; where the connection was lost, whether it was committed is not known.
 */
export type FailureKind = 'refused' | 'expired' | 'contended' | 'unavailable';

const CONTENDED = new Set(['55P03', '40P01', '40001', '23505']);

export function failureKind(error: unknown): FailureKind {
  if (error instanceof AppendExpired) return 'expired';
  const state = sqlState(error);
  if (state === undefined) return 'unavailable';
  if (state === '25P04') return 'expired';
  if (CONTENDED.has(state)) return 'contended';
  // Data exceptions, integrity, limits of the program: too large an index row, say.
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

/** SQLSTATE has five characters, Node's codes (`ECONNREFUSED`) have more, or EPIPE's letters. */
function sqlState(error: unknown): string | undefined {
  const { code } = driverError(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && code !== 'EPIPE' ? code : undefined;
}
