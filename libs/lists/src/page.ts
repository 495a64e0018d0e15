import { z } from 'zod';
import { isUuid, utcTime, type Page } from '@postern/contracts';

/** The values of the ordering columns in the row before the page, so additions elsewhere move nothing. */
type Cursor = readonly string[];

export interface PageParams {
  readonly limit: number;
  readonly cursor?: Cursor | undefined;
}

/** By member: whether a text can be a cursor's value. */
export type ListOrder = Readonly<Record<string, (value: string) => boolean>>;

export const isTime = (value: string): boolean => utcTime(value) === value;

export { isUuid };

/** Below 2^63. */
export const isPosition = (value: string): boolean => /^\d{1,18}$/.test(value);

/** PostgreSQL's text cannot contain NUL. */
export const isText = (value: string): boolean => value.length <= 256 && !value.includes('\0');

const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 50;

/** A whole number from 1 to `most`, in a query. */
export function numberField(most: number, unit = '') {
  const detail = `Give a whole number${unit && ` of ${unit}`} from 1 to ${most}.`;
  return z
    .string(detail)
    .regex(/^\d{1,3}$/, detail)
    .transform(Number)
    .refine((number) => number >= 1 && number <= most, detail);
}

export function pageFields(order: ListOrder) {
  return {
    limit: numberField(MAX_LIMIT)
      .default(DEFAULT_LIMIT)
      .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
    cursor: z
      .string()
      .transform((text, context): Cursor => {
        const cursor = readCursor(text, Object.values(order));
        if (cursor) return cursor;
        const message = 'This is not a cursor: send the nextCursor of the previous page, unchanged.';
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      })
      .optional()
      .meta({ description: 'The `nextCursor` of the previous page.' }),
  };
}

/** The page of the rows read: one more than `limit` if there are more, or fewer than `found`. */
export function pageOf<Row extends object>(
  rows: readonly Row[],
  { limit }: PageParams,
  order: ListOrder,
  found = rows.length,
): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1) as Readonly<Record<string, unknown>> | undefined;
  const cursor = last && items.length < found ? Object.keys(order).map((member) => last[member]) : null;
  return { items, nextCursor: cursor && Buffer.from(JSON.stringify(cursor)).toString('base64url') };
}

export function openCursor(nextCursor: string): Cursor {
  return JSON.parse(Buffer.from(nextCursor, 'base64url').toString()) as Cursor;
}

function readCursor(text: string, columns: readonly ((value: string) => boolean)[]): Cursor | null {
  try {
    const cursor: unknown = openCursor(text);
    if (!Array.isArray(cursor) || cursor.length !== columns.length) return null;
    return cursor.every((value, i) => typeof value === 'string' && columns[i]?.(value)) ? (cursor as string[]) : null;
  } catch {
    return null;
  }
}
