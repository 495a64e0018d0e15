/** A place among a tenant's denials in the order in which they were recorded: a row of `audit.denial_arrivals` and a place in it, from 1. */
export interface StreamPosition {
  readonly arrival: number;
  readonly place: number;
}

/** So long after it was sent an event's id can be resumed from: `audit.denial_arrivals` is kept for twice as long. */
export const RESUMABLE_MS = 60 * 60 * 1_000;

/** Why a stream begins with now and not with what it was asked for. */
export type ResetReason = 'last-event-id-malformed' | 'last-event-id-too-old' | 'last-event-id-ahead';

/** The id of an event: the position, and when the client had all up to there (seconds since 1970). */
export function eventId({ arrival, place }: StreamPosition, now: number): string {
  return `${arrival}-${place}-${Math.floor(now / 1_000)}`;
}

/** The position of an event's id, or why it cannot be resumed from. */
export function readEventId(id: string, now: number): StreamPosition | { readonly reset: ResetReason } {
  const [, arrival, place, seconds] = /^(\d{1,15})-(\d{1,9})-(\d{1,12})$/.exec(id) ?? [];
  if (seconds === undefined) return { reset: 'last-event-id-malformed' };
  if (now - Number(seconds) * 1_000 > RESUMABLE_MS) return { reset: 'last-event-id-too-old' };
  return { arrival: Number(arrival), place: Number(place) };
}
