import type { Revision } from '@postern/contracts';
import type { ResetReason } from './frame-page.js';

const WHOLE_NUMBER = /^(0|[1-9]\d{0,15})$/;

/**
 * The revision from which a relay resumes: of the header `Last-Event-ID`, or else of `?lastEventId=`, for clients that
 * can't set it. A relay that names none has no policies yet, and what it needs is a snapshot: it is reset.
 */
export function resumeFrom(
  header: string | string[] | undefined,
  query: unknown,
): { readonly revision: Revision } | { readonly reset: ResetReason } {
  const given = header ?? query;
  if (given === undefined || given === '') return { reset: 'last-event-id-missing' };
  if (typeof given !== 'string' || !WHOLE_NUMBER.test(given) || !Number.isSafeInteger(Number(given))) {
    return { reset: 'last-event-id-malformed' };
  }
  return { revision: Number(given) as Revision };
}
