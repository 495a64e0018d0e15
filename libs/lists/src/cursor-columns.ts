import { isUuid, utcTime } from '@postern/contracts';

/** Whether a value out of a cursor is what its column takes; what the database would refuse is no cursor of ours. */
export type CursorColumn = (value: string) => boolean;

/** A time as our answers write it: UTC, milliseconds. */
export const timeColumn: CursorColumn = (value) => utcTime(value) === value;

export const uuidColumn: CursorColumn = isUuid;

/** A position in the journal: below 2^63. */
export const positionColumn: CursorColumn = (value) => /^\d{1,18}$/.test(value);

/** PostgreSQL's text takes no NUL. */
export const textColumn: CursorColumn = (value) => value.length <= 256 && !value.includes('\0');
