import { styleText } from 'node:util';
import { table, type Column } from './table.js';

/** The answer, on standard output, and what is said next to it, on standard error. */
export class Output {
  constructor(readonly json: boolean) {}

  /** The answer: with `--json` as the API gave it, else as a text for people. */
  answer(value: unknown, forPeople: () => string): void {
    this.line(this.json ? JSON.stringify(value, null, 2) : forPeople());
  }

  /** One line of an answer that goes on. */
  line(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** What a person should know in addition to the answer. Nothing with `--json`: a script reads it in the answer. */
  aside(text: string): void {
    if (!this.json) process.stderr.write(`${text}\n`);
  }

  /** A table as wide as the terminal; into a file or a pipe, as wide as it gets. */
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
    return table(columns, rows, process.stdout.isTTY ? process.stdout.columns : null);
  }

  /** Coloured on a terminal alone, and not with NO_COLOR. */
  paint(colour: 'green' | 'red' | 'yellow', text: string): string {
    return styleText(colour, text, { stream: process.stdout });
  }
}
