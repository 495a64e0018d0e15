import type { FocusEvent, ReactNode } from 'react';

interface Props<Row> {
  readonly rows: readonly Row[] | undefined;
  /** The row whose panel is open. */
  readonly open: Row | undefined;
  readonly onOpen: (row: Row) => void;
  readonly children: ReactNode;
}

/** Around a table with a side panel: while it is open, it shows the row to which the arrow keys go. */
export function RowsWithPanel<Row>({ rows, open, onOpen, children }: Props<Row>) {
  const follow = ({ target }: FocusEvent) => {
    const index = target.closest('tr')?.dataset['index'];
    const row = index === undefined ? undefined : rows?.[Number(index)];
    if (open !== undefined && row !== undefined && row !== open) onOpen(row);
  };
  return <div onFocus={follow}>{children}</div>;
}
