import type { Column } from '../ui/DataTable.js';
import { Mono } from '../ui/Mono.js';
import { Time } from '../ui/Time.js';
import { listed } from './words.js';

interface Figures {
  readonly logins: number;
  readonly last: string;
  readonly first: string;
}

/** The columns of a table of addresses. `figuresOf` is a constant. */
export const addressColumns = <Row extends { readonly ip: string; readonly relays: readonly string[] }>(
  figuresOf: (row: Row) => Figures,
): readonly Column<Row>[] => [
  { id: 'ip', header: 'Address', phone: 'title', cell: ({ ip }) => <Mono>{ip}</Mono> },
  {
    id: 'logins',
    header: 'Logins',
    width: 84,
    align: 'end',
    phone: 'detail-aside',
    named: true,
    cell: (row) => <span className="mono">{figuresOf(row).logins.toLocaleString('en')}</span>,
  },
  {
    id: 'last',
    header: 'Last',
    width: 132,
    phone: 'detail',
    named: true,
    cell: (row) => <Time at={figuresOf(row).last} />,
  },
  {
    id: 'first',
    header: 'First',
    width: 132,
    from: 'lg',
    cell: (row) => <Time at={figuresOf(row).first} c="dimmed" />,
  },
  { id: 'relays', header: 'Relays', width: 120, from: 'md', cell: ({ relays }) => listed(relays, 2) },
];
