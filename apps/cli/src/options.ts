import { wholeNumber } from '@postern/terminal';
import { Option, type Command } from 'commander';

/** Of every command that writes. */
export interface WriteOptions {
  readonly idempotencyKey?: string;
  readonly ifVersion?: number;
}

/** Of every command that lists. */
export interface PageOptions {
  readonly limit: number;
  readonly cursor?: string;
}

/** Of every list that Postern also streams as a whole. */
export interface ListOptions extends PageOptions {
  readonly csv?: boolean;
  readonly bom?: boolean;
  readonly ndjson?: boolean;
}

/** The most that one command lists: what is more is an export, or goes on from the cursor. */
const MOST_ITEMS = 10_000;

/** `versioned`: the write is to one SMTP user, whose version it can insist on. */
export function writeOptions(command: Command, { versioned = false } = {}): Command {
  if (versioned) {
    command.option(
      '--if-version <version>',
      'only if the SMTP user is at this version still',
      wholeNumber(0, 999_999_999),
    );
  }
  return command.option(
    '--idempotency-key <text>',
    'for a script that may run twice: the same key is carried out once within 24 hours (one is made for you)',
  );
}

export function pageOptions(command: Command): Command {
  return command
    .option('--limit <n>', `how many, 1 to ${MOST_ITEMS}`, wholeNumber(1, MOST_ITEMS), 50)
    .option('--cursor <cursor>', 'go on where an earlier list ended: its nextCursor');
}

/** `pageOptions`, and all of it at once. */
export function listOptions(command: Command): Command {
  return pageOptions(command)
    .addOption(new Option('--csv', 'all of them, as CSV').conflicts(['ndjson', 'limit']))
    .option('--bom', 'with --csv: begin with a byte order mark, for spreadsheets')
    .addOption(new Option('--ndjson', 'all of them, a JSON a line').conflicts('limit'));
}
