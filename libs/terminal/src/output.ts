import { styleText } from 'node:util';
import { table, type Column } from './table.js';

/** Where the answer goes (standard output) and what is said beside it (standard error). */
export class Output {
  constructor(
    readonly json: boolean,
    private readonly answers: NodeJS.WriteStream,
    private readonly asides: NodeJS.WriteStream,
  ) {}

  /** The answer: with `--json` as the API gave it, else as a text for people. */
  answer(value: unknown, forPeople: () => string): void {
    this.line(this.json ? JSON.stringify(value, null, 2) : forPeople());
  }

  /** One line of an answer that goes on. */
  line(text: string): void {
    this.answers.write(`${text}\n`);
  }

  /** What a person should know beside the answer. Nothing with `--json`: a script reads it in the answer. */
  aside(text: string): void {
    if (!this.json) this.asides.write(`${text}\n`);
  }

  /** A table as wide as the terminal; into a file or a pipe, as wide as it gets. */
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
    return table(columns, rows, this.answers.isTTY ? this.answers.columns : null);
  }

  /** Coloured on a terminal alone, and not with NO_COLOR. */
  paint(colour: 'green' | 'red' | 'yellow', text: string): string {
    return styleText(colour, text, { stream: this.answers });
  }
}
