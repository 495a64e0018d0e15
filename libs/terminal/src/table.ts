import Table from 'cli-table3';
import { printable } from './printable.js';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Prose may be wrapped. An address or id is copied, so it stays in one piece. */
  readonly wraps?: true;
}

const GAP = 2;
const NARROWEST = 16;

/**
 * No frames, so that words and addresses can be copied and `awk` finds its columns. `width` in characters; null: as wide as needed. Too wide prose
 * is wrapped; otherwise every row becomes a block of lines. Nothing is cut off, and everything is made printable.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number | null): string {
  const head = columns.map(({ title }) => title);
  const cells = rows.map((row) => columns.map(({ value }) => printable(value(row))));
  const wraps = columns.map((column) => column.wraps === true);
  const widths = fitted(widthsOf(head, cells), wraps, width);
  return widths === null ? blocks(head, cells) : grid(head, cells, widths);
}

function widthsOf(head: readonly string[], cells: readonly string[][]): number[] {
  return head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
}

/** Narrows the widest column of prose repeatedly. Null if the table cannot fit. */
function fitted(natural: readonly number[], wraps: readonly boolean[], width: number | null): number[] | null {
  const widths = [...natural];
  let excess = width === null ? 0 : widths.reduce((sum, characters) => sum + characters + GAP, -GAP) - width;
  for (; excess > 0; excess -= 1) {
    const widest = Math.max(...widths.filter((_, column) => wraps[column]));
    if (widest <= NARROWEST) return null;
    widths[widths.findIndex((characters, column) => wraps[column] && characters === widest)] = widest - 1;
  }
  return widths;
}

function grid(head: readonly string[], cells: readonly string[][], widths: readonly number[]): string {
  const drawn = new Table({
    head: [...head],
    chars: NO_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colWidths: widths.map((characters) => characters + GAP),
    wordWrap: true,
    wrapOnWordBoundary: true,
  });
  drawn.push(...cells);
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function blocks(head: readonly string[], cells: readonly string[][]): string {
  const names = Math.max(...head.map((title) => title.length)) + GAP;
  const block = (line: readonly string[]) =>
    head.map((title, i) => `${title.padEnd(names)}${line[i] ?? ''}`).join('\n');
  return cells.map(block).join('\n\n');
}

const NO_FRAME = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((part) => [part, '']),
);
