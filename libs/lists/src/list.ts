import { Query } from '@nestjs/cqrs';
import type { Page } from '@postern/contracts';
import { exported, pageView, timeField } from '@postern/http';
import type { Sql } from 'sql-template-tag';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { type ListOrder, type PageParams, pageFields } from './page.js';

export interface ListDefinition<Item extends object, Filters extends z.ZodRawShape> {
  /** The name of the exported file: `denials`. */
  readonly name: string;
  /** Its name in the OpenAPI document. */
  readonly page: string;
  readonly item: z.ZodType<Item>;
  /** Newest first. */
  readonly order: ListOrder;
  /** In addition to `limit`, `cursor`, `bom` and `format`. */
  readonly filters: Filters;
  /** Columns of CSV: members of a row, `actor.name` for a nested member. By default, those of an item. */
  readonly columns?: readonly string[];
  /** Only in JSON. */
  readonly more?: z.ZodRawShape;
  /** Throws a problem if an export would mislead without `more`. */
  checkExport?(first: Page<Item>, params: object): void;
  /** If it is not the item itself. */
  csvRow?(item: Item): object;
}

const bom = z
  .enum(['true', 'false'], 'Give true or false.')
  .optional()
  .meta({ description: 'Only for CSV: `true` adds a byte order mark, for spreadsheets.' });

const format = z.enum(['json', 'ndjson', 'csv'], 'Give json, ndjson or csv.').optional().meta({
  description: 'The format of the answer; overrides `Accept`. For links on web pages, which cannot send a header.',
});

export const periodFields = (happened = 'Occurred') => ({
  from: timeField
    .optional()
    .meta({ description: `${happened} at this time or later.`, examples: ['2026-11-01T00:00:00Z'] }),
  to: timeField.optional().meta({ description: `${happened} before this time.`, examples: ['2026-12-01T00:00:00Z'] }),
});

/** For `refine`: a period that ends before it begins would give an empty list, which looks like an answer. */
export const IN_ORDER: [isInOrder: (query: object) => boolean, problem: { path: string[]; error: string }] = [
  (query: object): boolean => {
    const { from, to } = query as { readonly from?: string; readonly to?: string };
    return from === undefined || to === undefined || from <= to;
  },
  { path: ['to'], error: '`to` is before `from`. Give a later `to`, or exchange the two.' },
];

/** A list for `@ListRoute`; `query` is the schema for `@Query`. */
export function defineList<Item extends object, Filters extends z.ZodRawShape>(
  definition: ListDefinition<Item, Filters>,
) {
  const {
    page,
    item,
    more,
    order,
    filters,
    columns = Object.keys((item as unknown as z.ZodObject).shape),
  } = definition;
  return {
    ...definition,
    columns,
    query: z.strictObject({ ...pageFields(order), bom, format, ...filters }).refine(...IN_ORDER),
    answers: exported(pageView(page, item, more), item, `${columns.join(',')}\r\n`),
  };
}

export abstract class ScopedQuery<Answer, Scope, Params> extends Query<Answer> {
  constructor(
    readonly scope: Scope,
    readonly params: Params,
  ) {
    super();
  }
}

export abstract class ListQuery<Item, Scope, Params extends PageParams> extends ScopedQuery<Page<Item>, Scope, Params> {
  of(page: Pick<PageParams, 'limit' | 'cursor'>): this {
    const Same = this.constructor as new (scope: Scope, params: Params) => this;
    return new Same(this.scope, { ...this.params, ...page });
  }
}

/** Rows with columns named like an item's members. A time becomes RFC 3339, UTC, with milliseconds. */
export async function readRows<Row extends object>(manager: EntityManager, { text, values }: Sql): Promise<Row[]> {
  const rows = await manager.query<Record<string, unknown>[]>(text, values);
  // In place, because an export reads a thousand rows at a time.
  for (const row of rows)
    for (const name in row) {
      const value = row[name];
      if (value instanceof Date) row[name] = value.toISOString();
    }
  return rows as Row[];
}
