import { z } from 'zod';
import { fieldCode } from '@postern/http';
import { isUuid, utcTime, type Page } from '@postern/contracts';

/**
 * A place in a list: the values of the columns that order it, in the row after which the next page begins. No row is
 * counted to find it, so whatever is added before or behind it moves nothing.
 */
export type Cursor = readonly string[];

/** What a list is asked for. */
export interface PageRequest {
  readonly limit: number;
  readonly after: Cursor | null;
}

const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 50;
const LIMIT_DETAIL = `Give a whole number from 1 to ${MAX_LIMIT}.`;

/** The fields `?limit=` (1 to 500, 50 if left out) and `?cursor=` of a list that is ordered by these columns. */
export function pageFields(columns: readonly CursorColumn[]) {
  return {
    limit: z
      .string(LIMIT_DETAIL)
      .regex(/^\d{1,3}$/, LIMIT_DETAIL)
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= MAX_LIMIT, fieldCode('validation-failed', LIMIT_DETAIL))
      .default(DEFAULT_LIMIT)
      .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
    cursor: z
      .string()
      .transform((text, context): Cursor => {
        const cursor = readCursor(text, columns);
        if (cursor) return cursor;
        context.addIssue({
          code: 'custom',
          message: 'This is no cursor: send the nextCursor of the page before, unchanged.',
        });
        return z.NEVER;
      })
      .optional()
      .meta({ description: 'The `nextCursor` of the page before.' }),
  };
}

/** `?bom=true` of a list that is also answered as CSV: some spreadsheets take a file for UTF-8 only with a byte order mark. */
export const bomField = z
  .enum(['true', 'false'], 'Give true or false.')
  .optional()
  .meta({ description: 'CSV alone: `true` begins the file with a byte order mark, for spreadsheets.' });

/** What a query with `pageFields` asks for. */
export function pageRequest(query: { readonly limit: number; readonly cursor?: Cursor | undefined }): PageRequest {
  return { limit: query.limit, after: query.cursor ?? null };
}

/** Makes a page of rows of which one more than `limit` was asked for. */
export function pageOf<Item>(rows: readonly Item[], limit: number, cursorOf: (item: Item) => Cursor): Page<Item> {
  return pageUpTo(rows.slice(0, limit), rows.length > limit, cursorOf);
}

/** Makes a page of its items; `more`: there are further ones. */
export function pageUpTo<Item>(items: readonly Item[], more: boolean, cursorOf: (item: Item) => Cursor): Page<Item> {
  const last = items.at(-1);
  return { items, nextCursor: more && last ? writeCursor(cursorOf(last)) : null };
}

/** The place that a `nextCursor` of ours stands for. */
export function openCursor(nextCursor: string): Cursor {
  return JSON.parse(Buffer.from(nextCursor, 'base64url').toString()) as Cursor;
}

function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function readCursor(text: string, columns: readonly CursorColumn[]): Cursor | null {
  try {
    const cursor: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (!Array.isArray(cursor) || cursor.length !== columns.length) return null;
    return cursor.every((value, i) => typeof value === 'string' && columns[i]?.(value)) ? (cursor as string[]) : null;
  } catch {
    return null;
  }
}

/** Whether a value out of a cursor is what its column takes; what the database would refuse is no cursor of ours. */
export type CursorColumn = (value: string) => boolean;

/** A time as our answers write it: UTC, milliseconds. */
export const timeColumn: CursorColumn = (value) => utcTime(value) === value;

export const uuidColumn: CursorColumn = isUuid;

/** A position in the journal: below 2^63. */
export const positionColumn: CursorColumn = (value) => /^\d{1,18}$/.test(value);

/** PostgreSQL's text takes no NUL. */
export const textColumn: CursorColumn = (value) => value.length <= 256 && !value.includes('\0');
