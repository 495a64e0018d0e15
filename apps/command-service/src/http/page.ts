import { fieldCode } from '@postern/service-kit';
import { z } from 'zod';

/** A page of a list; `nextCursor` is null on the last one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Where a page ends: the values of the sort columns in its last row. */
export type Cursor = readonly string[];

type CursorPart = (text: string) => boolean;

const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 50;

/** `?limit=` (1 to 500, 50 if left out) and `?cursor=`, of which each part is checked before it comes near a query. */
export function pageQuery(parts: readonly CursorPart[]) {
  return z.strictObject({
    limit: z
      .string()
      .regex(/^\d{1,3}$/, `A whole number from 1 to ${MAX_LIMIT}.`)
      .transform(Number)
      .refine(
        (limit) => limit >= 1 && limit <= MAX_LIMIT,
        fieldCode('validation-failed', `A whole number from 1 to ${MAX_LIMIT}.`),
      )
      .default(DEFAULT_LIMIT),
    cursor: z
      .string()
      .refine(
        (text) => readCursor(text, parts) !== null,
        fieldCode('validation-failed', 'Give the nextCursor of the page before, as it came.'),
      )
      .transform((text) => readCursor(text, parts))
      .nullable()
      .default(null),
  });
}

export interface PageQuery {
  readonly limit: number;
  readonly cursor: Cursor | null;
}

/** Cuts a page out of rows of which one more than `limit` was asked for. */
export function pageOf<Item>(rows: readonly Item[], limit: number, cursorOf: (item: Item) => Cursor): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? writeCursor(cursorOf(last)) : null };
}

function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function readCursor(text: string, parts: readonly CursorPart[]): Cursor | null {
  try {
    const cursor: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (!Array.isArray(cursor) || cursor.length !== parts.length) return null;
    return cursor.every((value, i) => typeof value === 'string' && parts[i]?.(value)) ? (cursor as string[]) : null;
  } catch {
    return null;
  }
}
