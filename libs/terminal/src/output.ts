import { styleText } from 'node:util';
import { table, type Column } from './table.js';

/** The answer goes to standard output, remarks to standard error. */
export class Output {
  constructor(readonly json: boolean) {}

  /** With `--json` as the API returned it, otherwise as text for people. */
  answer(value: unknown, forPeople: () => string): void {
    this.line(this.json ? JSON.stringify(value, null, 2) : forPeople());
  }

  line(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Not with `--json`: a script finds the remark in the answer. */
  remark(text: string): void {
    if (!this.json) process.stderr.write(`${text}\n`);
  }

  /** As wide as the terminal; in a file or pipe, as wide as needed. */
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
    return table(columns, rows, process.stdout.isTTY ? process.stdout.columns : null);
  }

  /** Coloured only on a terminal, and not with NO_COLOR. */
  paint(colour: 'green' | 'red' | 'yellow', text: string): string {
    return styleText(colour, text, { stream: process.stdout });
  }
}
