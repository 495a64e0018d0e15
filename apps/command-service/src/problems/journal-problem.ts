import { QueueFull } from '@postern/async';
import { AppendExpired, JournalBusy, JournalUnavailable, VersionConflict } from '@postern/event-store';
import { Problem } from '@postern/http';

const RETRY_SOON = { 'retry-after': '1' };

/** The journal's errors. A conflict comes here only after it was decided again as often as is sensible. */
export function journalProblem(error: unknown): Problem | null {
  if (error instanceof JournalUnavailable) {
    return new Problem(
      'not-ready',
      'The journal cannot be reached, so the change was not confirmed. Send it again shortly.',
      { headers: RETRY_SOON, cause: error },
    );
  }
  if (error instanceof QueueFull) {
    return new Problem('not-ready', 'Too many changes of this SMTP user wait already. Send it again shortly.', {
      headers: RETRY_SOON,
      cause: error,
    });
  }
  if (error instanceof AppendExpired) {
    return new Problem(
      'not-ready',
      'The database did not get to the change in time. Nothing was changed; send it again shortly.',
      { headers: RETRY_SOON, cause: error },
    );
  }
  if (error instanceof JournalBusy) {
    return new Problem('not-ready', 'More writes wait than can be kept. Send it again shortly.', {
      headers: RETRY_SOON,
      cause: error,
    });
  }
  if (error instanceof VersionConflict) {
    return new Problem(
      'not-ready',
      'It is being changed by many at once. Nothing was changed; send it again shortly.',
      {
        headers: RETRY_SOON,
        cause: error,
      },
    );
  }
  return null;
}
