import { Problem } from './problem.js';

/**
 * What an error of a library says of itself: whether a retry can help, whether the database is to blame, and what its reader is to
 * do, without anything internal.
 */
interface Classified {
  readonly permanent?: boolean;
  readonly databaseFailed?: boolean;
  readonly action?: string;
}

/** An error that a retry can help with is 503 in every service; null for any other. */
export function temporaryProblem(error: unknown): Problem | null {
  const { permanent, databaseFailed, action } = (error ?? {}) as Classified;
  if (permanent !== false || action === undefined) return null;
  return new Problem('not-ready', action, { headers: { 'retry-after': '1' }, cause: error, databaseFailed });
}
