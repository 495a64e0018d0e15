import type { Page } from '@postern/contracts';
import type { Query } from '../connection/postern-api.js';
import type { PageOptions } from '../options.js';
import type { Session } from '../session.js';

/** Postern's own most. */
const PAGE = 500;

/** As many items of a list as were asked for, in one page; says where it goes on. */
export async function readList<Item>(
  session: Session,
  path: string,
  { limit, cursor: start }: PageOptions,
  query: Query = {},
): Promise<Page<Item>> {
  const items: Item[] = [];
  let cursor: string | null | undefined = start;
  do {
    const next: Page<Item> = await session.api.get<Page<Item>>(path, {
      query: { ...query, limit: Math.min(PAGE, limit - items.length), cursor: cursor ?? undefined },
    });
    items.push(...next.items);
    cursor = next.nextCursor;
  } while (cursor !== null && items.length < limit);
  if (items.length === 0) session.output.aside('There are none.');
  if (cursor !== null) session.output.aside(`There are more: raise --limit, or go on with --cursor ${cursor}`);
  return { items, nextCursor: cursor };
}
