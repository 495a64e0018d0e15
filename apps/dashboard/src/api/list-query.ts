import { infiniteQueryOptions, type InfiniteData, type QueryKey } from '@tanstack/react-query';

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}
interface PageParams {
  readonly limit: number;
  readonly cursor?: string;
}

/** A list that the API returns by pages. Its data are the items of all requested pages. */
export const listQuery = <Item>(
  queryKey: QueryKey,
  limit: number,
  read: (page: PageParams, signal: AbortSignal) => Promise<Page<Item>>,
) =>
  infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => read({ limit, ...(pageParam !== '' && { cursor: pageParam }) }, signal),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    select: itemsOf<Item>,
  });

const itemsOf = <Item>({ pages }: InfiniteData<Page<Item>>): readonly Item[] => pages.flatMap(({ items }) => items);
