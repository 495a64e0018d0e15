import { printable } from './printable.js';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
}

const GAP = 2;

/**
 * No frames, so that words and addresses can be copied and `awk` finds its columns. `width` in characters; null: as wide as needed. If the rows are
 * wider, each becomes a block of lines. Nothing is cut off, and everything is made printable.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number | null): string {
  const head = columns.map(({ title }) => title);
  const cells = rows.map((row) => columns.map(({ value }) => printable(value(row))));
  const widths = head.map((title, i) => GAP + Math.max(title.length, ...cells.map((line) => line[i]?.length ?? 0)));
  const total = widths.reduce((sum, characters) => sum + characters, -GAP);
  return width !== null && total > width ? blocks(head, cells) : grid([head, ...cells], widths);
}

function grid(lines: readonly (readonly string[])[], widths: readonly number[]): string {
  const drawn = (line: readonly string[]) => line.map((text, i) => text.padEnd(widths[i] ?? 0)).join('');
  return lines.map((line) => drawn(line).trimEnd()).join('\n');
}

function blocks(head: readonly string[], cells: readonly string[][]): string {
  const names = Math.max(...head.map((title) => title.length)) + GAP;
  const block = (line: readonly string[]) =>
    head.map((title, i) => `${title.padEnd(names)}${line[i] ?? ''}`).join('\n');
  return cells.map(block).join('\n\n');
}
