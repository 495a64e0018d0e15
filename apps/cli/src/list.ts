import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Page } from '@postern/contracts';
import type { Column } from '@postern/terminal';
import type { Query } from './api.js';
import type { Session } from './command.js';
import { EXIT, Failure, usageFailure } from './failure.js';

const PAGE = 500;

/** All other fields are filters with the API's names. */
export interface ListOptions extends Query {
  readonly limit: number;
  readonly cursor?: string;
  readonly csv?: boolean;
  readonly bom?: boolean;
  readonly ndjson?: boolean;
}

export async function* pagesOf<Item, OnePage extends Page<Item> = Page<Item>>(
  { api }: Session,
  path: string,
  query: Query,
  limit: number,
): AsyncGenerator<OnePage, void> {
  let { cursor } = query;
  for (let left = limit; left > 0;) {
    const page = await api.get<OnePage>(path, { query: { ...query, limit: Math.min(PAGE, left), cursor } });
    yield page;
    if (page.nextCursor === null) return;
    left -= page.items.length;
    cursor = page.nextCursor;
  }
}

/** `remark` gets the page that was read last, for what it says of the list besides its items. */
export async function showList<Item, OnePage extends Page<Item> = Page<Item>>(
  session: Session,
  path: string,
  { limit, csv, bom, ndjson, ...query }: ListOptions,
  columns: readonly Column<Item>[],
  remark?: (page: OnePage) => void,
): Promise<void> {
  const { api, output } = session;
  if (bom && !csv) throw usageFailure('--bom needs --csv.');
  if (csv || ndjson) {
    if (output.json) throw usageFailure('Use only one of --json, --csv and --ndjson.');
    // Only a page has what the remark needs.
    if (remark) remark(await api.get<OnePage>(path, { query: { ...query, limit: 1 } }));
    // An export can start at a page's cursor.
    return exportList(session, path, { ...query, bom }, csv ? 'text/csv' : 'application/x-ndjson');
  }
  const items: Item[] = [];
  let last: OnePage | undefined;
  for await (const page of pagesOf<Item, OnePage>(session, path, query, limit)) {
    items.push(...page.items);
    last = page;
  }
  const nextCursor = last?.nextCursor ?? null;
  if (items.length === 0) output.remark('There are none.');
  if (nextCursor !== null) output.remark(`There are more. Increase --limit, or continue with --cursor ${nextCursor}`);
  if (last) remark?.(last);
  output.answer({ ...last, items, nextCursor }, () => output.table(columns, items));
}

/** @throws a failure if it breaks off: the output is incomplete then. */
async function exportList({ api }: Session, path: string, query: Query, mediaType: string): Promise<void> {
  const stream = await api.stream(path, query, mediaType);
  try {
    await pipeline(Readable.fromWeb(stream as ReadableStream), process.stdout, { end: false });
  } catch (error) {
    throw new Failure(EXIT.unavailable, 'The export broke off: the output is not complete. Run it again.', {
      cause: error,
    });
  }
}
