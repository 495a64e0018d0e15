import { stringify } from 'csv-stringify/sync';
import { preferredType, type Problem } from '@postern/http';

const TYPES = { json: 'application/json', ndjson: 'application/x-ndjson', csv: 'text/csv;header=present' } as const;
type ListType = (typeof TYPES)[keyof typeof TYPES];

export function typeOf(format: keyof typeof TYPES | undefined, accept: string | undefined): ListType {
  return format ? TYPES[format] : preferredType(accept, [TYPES.json, TYPES.ndjson, TYPES.csv]);
}

export interface ExportFormat {
  readonly name: 'ndjson' | 'csv';
  readonly contentType: string;
  readonly head: string;
  lines(items: readonly object[]): string;
  /** The last line of an export that broke off. A complete one has none. */
  failure(problem: Problem, requestId: string): string;
}

/** Columns are members of an item, `actor.name` for a nested member. */
export function exportFormat(
  type: Exclude<ListType, 'application/json'>,
  columns: readonly string[],
  byteOrderMark: boolean,
): ExportFormat {
  return type === 'text/csv;header=present' ? csv(columns, byteOrderMark) : NDJSON;
}

const NDJSON: ExportFormat = {
  name: 'ndjson',
  contentType: 'application/x-ndjson; charset=utf-8',
  head: '',
  lines: (items) => items.map((item) => `${JSON.stringify(item)}\n`).join(''),
  failure: (problem, requestId) => `${JSON.stringify({ error: problem.toJson(requestId) })}\n`,
};

/** RFC 4180 in UTF-8. A list's items are separated by spaces, an entry is its range, and null is empty. */
function csv(columns: readonly string[], byteOrderMark: boolean): ExportFormat {
  const rules = { record_delimiter: '\r\n', cast: CAST };
  const rows = { ...rules, columns: columns.map((key) => ({ key })) };
  return {
    name: 'csv',
    contentType: 'text/csv; charset=utf-8; header=present',
    head: `${byteOrderMark ? '\uFEFF' : ''}${stringify([columns], rules)}`,
    lines: (items) => stringify([...items], rows),
    // One cell instead of the header's number, so that a strict reader stops too.
    failure: ({ code, message }, requestId) =>
      stringify([[`#error ${code}: ${message} (request ${requestId})`]], rules),
  };
}

const CAST = {
  string: defused,
  boolean: String,
  object: (value: object) => defused(Array.isArray(value) ? value.map(plainText).join(' ') : JSON.stringify(value)),
};

function plainText(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  return 'range' in item ? String(item.range) : JSON.stringify(item);
}

/**
 * Spreadsheets skip blanks, controls and invisible characters before a formula. U+2800 is a blank Braille pattern. A leading tab or carriage
 * return can shift cells by itself.
 */
const FORMULA = /^(?:[\t\r\n]|[\s\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*[=+\-@＝＋－＠])/u;

/** An apostrophe precedes a text that a spreadsheet would run. */
function defused(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}
