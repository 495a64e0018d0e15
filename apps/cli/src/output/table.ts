import Table from 'cli-table3';
import { printable } from './printable.js';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
}

/** Between two columns. */
const GAP = 2;
/** No column is made narrower than this. */
const NARROWEST = 8;

/**
 * Rows as a table without frames, so that words and addresses can be copied and `awk` finds its columns.
 * `width`: the terminal's, in characters, in which the widest columns wrap; null: as wide as it gets.
 * Nothing is cut off. What the rows hold is made printable.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number | null): string {
  const cells = rows.map((row) => columns.map(({ value }) => printable(value(row))));
  const head = columns.map(({ title }) => title);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const drawn = new Table({
    head,
    chars: NO_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colWidths: fitted(widths, width).map((characters) => characters + GAP),
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  drawn.push(...cells);
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Takes from the widest column, character by character, until all fit or none can give any more. */
function fitted(widths: readonly number[], width: number | null): number[] {
  const fit = [...widths];
  if (width === null) return fit;
  let excess = fit.reduce((sum, characters) => sum + characters + GAP, -GAP) - width;
  while (excess > 0) {
    const widest = Math.max(...fit);
    if (widest <= NARROWEST) break;
    fit[fit.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return fit;
}

const NO_FRAME = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((part) => [part, '']),
);
