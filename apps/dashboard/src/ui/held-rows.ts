import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

/** The rows that were shown, as they are now and in the same order, and how many others wait. */
export function heldBack<Row>(
  rows: readonly Row[],
  idOf: (row: Row) => string,
  shown: readonly string[],
): { readonly rows: readonly Row[]; readonly waiting: number } {
  const byId = new Map(rows.map((row) => [idOf(row), row]));
  const held = shown.flatMap((id) => byId.get(id) ?? []);
  return { rows: held, waiting: rows.length - held.length };
}

/**
 * For a refreshed list: nothing moves under the pointer. New rows wait until `show` is called, except those of a requested page.
 * `idOf` is a constant.
 */
export function useHeldRows<Row>(query: UseInfiniteQueryResult<readonly Row[]>, idOf: (row: Row) => string) {
  const { data } = query;
  const [shown, setShown] = useState<readonly string[] | null>(null);
  const show = (rows = data) => setShown(rows?.map(idOf) ?? null);
  if (shown === null && data && data.length > 0) show();
  const { rows, waiting } = useMemo(
    () => (data && shown ? heldBack(data, idOf, shown) : { rows: data, waiting: 0 }),
    [data, idOf, shown],
  );
  const fetchNextPage = async () => show((await query.fetchNextPage()).data);
  return { waiting, show: () => show(), query: { ...query, data: rows, fetchNextPage } };
}
