import { isUuid } from '@postern/contracts';

/** Whether a value out of a cursor is what its column takes; what the database would refuse is no cursor of ours. */
export type CursorColumn = (value: string) => boolean;

/** RFC 3339, UTC, milliseconds; a day that there is. */
export const timeColumn: CursorColumn = (value) => {
  const time = new Date(value);
  return !Number.isNaN(time.getTime()) && time.toISOString() === value && /^[1-9]\d{3}-/.test(value);
};

export const uuidColumn: CursorColumn = isUuid;

/** A position in the journal: below 2^63. */
export const positionColumn: CursorColumn = (value) => /^\d{1,18}$/.test(value);

/** PostgreSQL's text takes no NUL. */
export const textColumn: CursorColumn = (value) => value.length <= 256 && !value.includes('\0');
