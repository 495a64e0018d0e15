import { fieldCode } from '@postern/service-kit';
import { z } from 'zod';
import type { CursorColumn } from './cursor-columns.js';

/** A page of a list; `nextCursor` is null on the last one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** For `?cursor=`: to be sent back unchanged. */
  readonly nextCursor: string | null;
}

/** A place in a list: the values of the columns that order it, in the row after which the next page begins. */
export type Cursor = readonly string[];

/** What a list is asked for. */
export interface PageRequest {
  readonly limit: number;
  readonly after: Cursor | null;
}

const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 50;
const LIMIT_DETAIL = `Give a whole number from 1 to ${MAX_LIMIT}.`;

/** The fields `?limit=` and `?cursor=` of a list that is ordered by these columns. */
export function pageFields(columns: readonly CursorColumn[]) {
  return {
    limit: z
      .string(LIMIT_DETAIL)
      .regex(/^\d{1,3}$/, LIMIT_DETAIL)
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= MAX_LIMIT, fieldCode('validation-failed', LIMIT_DETAIL))
      .default(DEFAULT_LIMIT),
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
      .optional(),
  };
}

/** Makes a page of rows of which one more than `limit` was asked for. */
export function pageOf<Item>(rows: readonly Item[], limit: number, cursorOf: (item: Item) => Cursor): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const nextCursor = rows.length > limit && last ? writeCursor(cursorOf(last)) : null;
  return { items, nextCursor };
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
