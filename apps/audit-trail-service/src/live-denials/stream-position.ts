/** A position in the order of recording: a row of `audit.denial_arrivals`, and an offset in it, from 1. */
export interface StreamPosition {
  readonly arrival: number;
  readonly offset: number;
}

/** An event's id can be resumed from for this long; `audit.denial_arrivals` is kept for twice as long. */
export const RESUMABLE_MS = 60 * 60 * 1_000;

export const RESET_REASONS = ['last-event-id-malformed', 'last-event-id-too-old', 'last-event-id-ahead'] as const;
export type ResetReason = (typeof RESET_REASONS)[number];

/** The id of an event: the position, and the time at which it was sent (seconds since 1970). */
export function eventId({ arrival, offset }: StreamPosition, now: number): string {
  return `${arrival}-${offset}-${Math.floor(now / 1_000)}`;
}

/** The position in the id of an event, or why the stream cannot resume from there; null: no id was sent. */
export function readEventId(id: string | undefined, now: number): StreamPosition | ResetReason | null {
  if (id === undefined || id === '') return null;
  const [, arrival, offset, seconds] = /^(\d{1,15})-(\d{1,9})-(\d{1,12})$/.exec(id) ?? [];
  if (seconds === undefined) return 'last-event-id-malformed';
  if (now - Number(seconds) * 1_000 > RESUMABLE_MS) return 'last-event-id-too-old';
  return { arrival: Number(arrival), offset: Number(offset) };
}
