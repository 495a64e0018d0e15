import type { FocusEvent, ReactNode } from 'react';

interface Props<Row> {
  readonly rows: readonly Row[] | undefined;
  readonly open: Row | undefined;
  readonly onOpen: (row: Row) => void;
  readonly children: ReactNode;
}

/** A table with a side panel. While the panel is open, it follows the arrow keys from row to row. */
export function RowsWithPanel<Row>({ rows, open, onOpen, children }: Props<Row>) {
  const follow = ({ target }: FocusEvent) => {
    const index = target.closest('tr')?.dataset['index'];
    const row = index === undefined ? undefined : rows?.[Number(index)];
    if (open !== undefined && row !== undefined && row !== open) onOpen(row);
  };
  return <div onFocus={follow}>{children}</div>;
}
