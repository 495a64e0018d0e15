import { Button, Skeleton, UnstyledButton } from '@mantine/core';
import { useIntersection } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { Link, type LinkProps } from '@tanstack/react-router';
import { createSortedRowModel, rowSortingFeature, tableFeatures, useTable } from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import classes from './DataTable.module.css';
import { Failed } from './States.js';

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** A CSS width. Columns without one share the rest. */
  readonly width?: string | number;
  readonly align?: 'end';
  /** A long value gets more lines. Without it, it is cut off. */
  readonly wraps?: true;
  /** Its position in the two lines of a row under 700 px. Without it, the column is hidden there. */
  readonly phone?: 'title' | 'aside' | 'detail' | 'detail-aside';
  /** Under 700 px, where there is no header row, the header's text is in front of the value. */
  readonly named?: true;
  /** Hidden on windows narrower than `md` (a tablet on its side) or `lg` (a laptop). */
  readonly from?: 'md' | 'lg';
  /** The header sorts the rows by this value. Only for lists that are loaded completely. */
  readonly sort?: (row: Row) => string | number;
}

interface Props<Row> {
  readonly label: string;
  /** A constant, or from `useMemo`. The column whose `phone` is "title" is the row's link. */
  readonly columns: readonly Column<Row>[];
  /** Undefined while loading: placeholders of the final height are shown. */
  readonly rows: readonly Row[] | undefined;
  readonly rowKey: (row: Row) => string;
  /** A row either links to a page or, with `onOpen`, opens something on this one. */
  readonly link?: (row: Row) => LinkProps;
  readonly onOpen?: (row: Row) => void;
  /** The key of the row whose panel is open. The panel follows the focus to other rows. */
  readonly open?: string | undefined;
  /** From an infinite query. The next page is loaded when the end comes into view. */
  readonly more?: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
  };
  readonly empty?: ReactNode;
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
const NONE: readonly never[] = [];
const SKELETON_ROWS = 8;
/** Up to this many rows are all drawn, so that the browser's own search finds them. */
const DRAWN_AT_ONCE = 200;

/** One line a row, two under 700 px. Arrow keys move, Enter opens. Of a long list, only the rows in view are drawn. */
export function DataTable<Row extends object>({
  label,
  columns,
  rows,
  rowKey,
  link,
  onOpen,
  open,
  more,
  empty,
}: Props<Row>) {
  const table = useTable({
    features,
    data: rows ?? NONE,
    getRowId: rowKey,
    enableSortingRemoval: true,
    columns: useMemo(
      () =>
        columns.map(({ id, header, sort }) => ({
          id,
          header,
          accessorFn: sort ?? (() => null),
          enableSorting: sort !== undefined,
          sortFn: compare,
        })),
      [columns],
    ),
  });
  const sorted = table.getRowModel().rows;
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(body.current?.offsetTop ?? 0), []);
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useWindowVirtualizer({
    count: sorted.length,
    estimateSize: () => 45,
    overscan: sorted.length <= DRAWN_AT_ONCE ? DRAWN_AT_ONCE : 15,
    scrollMargin: top,
    getItemKey: (index) => sorted[index]?.id ?? index,
  });
  const drawn = virtual.getVirtualItems();
  const before = (drawn[0]?.start ?? top) - top;
  const after = virtual.getTotalSize() - ((drawn.at(-1)?.end ?? top) - top);
  if (rows?.length === 0 && empty !== undefined) return empty;
  return (
    <>
      <table aria-label={label} aria-rowcount={more?.hasNextPage ? -1 : sorted.length + 1} className={classes['table']}>
        <colgroup>
          {columns.map(({ id, width, from }) => (
            <col key={id} width={width} data-from={from} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ id, header, align, from, sort }) => {
              const column = table.getColumn(id);
              const order = column?.getIsSorted() ?? false;
              return (
                <th
                  key={id}
                  scope="col"
                  data-align={align}
                  data-from={from}
                  aria-sort={order === false ? undefined : order === 'asc' ? 'ascending' : 'descending'}
                >
                  {sort ? (
                    <UnstyledButton className={classes['sort']} onClick={column?.getToggleSortingHandler()}>
                      {header}
                      {order === 'asc' && <IconArrowUp size={13} aria-hidden />}
                      {order === 'desc' && <IconArrowDown size={13} aria-hidden />}
                    </UnstyledButton>
                  ) : (
                    header
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- moves the focus between the links in it */}
        <tbody
          ref={body}
          onKeyDown={moveFocus}
          onFocus={({ target }) => {
            const row = sorted[Number(target.closest('tr')?.dataset['index'])]?.original;
            if (row && open !== undefined && rowKey(row) !== open) onOpen?.(row);
          }}
          aria-busy={rows === undefined}
        >
          {rows === undefined && <SkeletonRows columns={columns} />}
          {before > 0 && <Spacer height={before} />}
          {drawn.map(({ index, key }) => {
            const row = sorted[index]?.original;
            if (row === undefined) return null;
            const id = rowKey(row);
            return (
              <tr
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                data-opens={link !== undefined || onOpen !== undefined || undefined}
                data-open={id === open || undefined}
                aria-rowindex={index + 2}
              >
                {columns.map(({ id: column, header, cell, align, wraps, from, phone, named }) => (
                  <td
                    key={column}
                    data-align={align}
                    data-wraps={wraps}
                    data-from={from}
                    data-phone={phone ?? 'none'}
                    data-name={named && header}
                  >
                    {phone === 'title' && link ? (
                      <Link {...link(row)} className={classes['open']}>
                        {cell(row)}
                      </Link>
                    ) : phone === 'title' && onOpen ? (
                      <UnstyledButton
                        className={classes['open']}
                        aria-expanded={id === open}
                        onClick={() => onOpen(row)}
                      >
                        {cell(row)}
                      </UnstyledButton>
                    ) : (
                      cell(row)
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <Spacer height={after} />}
        </tbody>
      </table>
      {more?.hasNextPage && <More {...more} />}
    </>
  );
}

interface ListProps<Row> extends Omit<Props<Row>, 'rows' | 'more'> {
  readonly query: NonNullable<Props<Row>['more']> & {
    readonly data: readonly Row[] | undefined;
    readonly error: Error | null;
    readonly refetch: () => unknown;
  };
}

export function ListTable<Row extends object>({ query, ...table }: ListProps<Row>) {
  const { data, error, refetch } = query;
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  return <DataTable rows={data} more={query} {...table} />;
}

/** Loads the next page when it comes into view. The button is for the keyboard and for another try. */
function More({ isFetchingNextPage, fetchNextPage }: NonNullable<Props<never>['more']>) {
  const { ref, entry } = useIntersection({ rootMargin: '600px' });
  const inView = entry?.isIntersecting ?? false;
  useEffect(() => {
    if (inView) fetchNextPage();
    // Once each time it comes into view; `fetchNextPage` can be a new function at each render.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [inView]);
  return (
    <div ref={ref} className={classes['more']}>
      <Button variant="default" size="xs" loading={isFetchingNextPage} onClick={() => fetchNextPage()}>
        Load more
      </Button>
    </div>
  );
}

function SkeletonRows({ columns }: { readonly columns: readonly Column<never>[] }) {
  return Array.from({ length: SKELETON_ROWS }, (_, row) => (
    <tr key={row}>
      {columns.map(({ id, phone, align, from }) => (
        <td key={id} data-phone={phone ?? 'none'} data-align={align} data-from={from}>
          <Skeleton height={12} my={4} width="55%" maw={220} miw={32} display="inline-block" />
        </td>
      ))}
    </tr>
  ));
}

function Spacer({ height }: { readonly height: number }) {
  return <tr aria-hidden style={{ height }} />;
}

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, ArrowUp: -1 };

function moveFocus(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  const from = event.target as HTMLElement;
  if (step === undefined || event.altKey || event.ctrlKey || event.metaKey || from.closest('input, textarea, select'))
    return;
  let row = from.closest('tr');
  do {
    row = (step === 1 ? row?.nextElementSibling : row?.previousElementSibling) as HTMLTableRowElement | null;
  } while (row?.ariaHidden === 'true');
  const next = row?.querySelector<HTMLElement>(`.${classes['open'] ?? ''}`);
  if (!next) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  row?.scrollIntoView({ block: 'nearest' });
}

const collator = new Intl.Collator('en', { numeric: true });

function compare(
  a: { getValue: (id: string) => unknown },
  b: { getValue: (id: string) => unknown },
  id: string,
): number {
  const [left, right] = [a.getValue(id), b.getValue(id)];
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return collator.compare(String(left), String(right));
}
