import { stringify } from 'csv-stringify/sync';
import type { Problem } from '../problem/problem.js';
import type { ListType } from './accepted-type.js';

/** How the items of an export are written down. */
export interface ExportFormat {
  readonly name: 'ndjson' | 'csv';
  readonly contentType: string;
  /** What stands before the first item. */
  readonly head: string;
  lines(items: readonly object[]): string;
  /** The last line of an export that broke off. A whole one has none. */
  failure(problem: Problem, requestId: string): string;
}

/** The format for a type, with the columns for CSV: members of an item, `actor.name` for a member's member. */
export function exportFormat(type: Exclude<ListType, 'application/json'>, columns: readonly string[]): ExportFormat {
  return type === 'text/csv' ? csv(columns) : NDJSON;
}

const NDJSON: ExportFormat = {
  name: 'ndjson',
  contentType: 'application/x-ndjson; charset=utf-8',
  head: '',
  lines: (items) => items.map((item) => `${JSON.stringify(item)}\n`).join(''),
  failure: (problem, requestId) => `${JSON.stringify({ error: problem.toJson(requestId) })}\n`,
};

/**
 * RFC 4180, in UTF-8, with a header. A text that a spreadsheet would run (`=…`, `+…`, `-…`, `@…`, a tab or a carriage
 * return, their full-width kin) has an apostrophe before it. Lists and objects are JSON in their cell, and null is empty.
 */
function csv(columns: readonly string[]): ExportFormat {
  const rules = { record_delimiter: '\r\n', escape_formulas: true };
  const rows = { ...rules, columns: columns.map((key) => ({ key })), cast: CAST };
  return {
    name: 'csv',
    contentType: 'text/csv; charset=utf-8; header=present',
    head: stringify([columns], rules),
    lines: (items) => stringify([...items], rows),
    // One cell where there should be as many as in the header: a strict reader stops here too.
    failure: ({ code, message }, requestId) =>
      stringify([[`#error ${code}: ${message} (request ${requestId})`]], rules),
  };
}

const CAST = {
  boolean: String,
  object: (value: object) => JSON.stringify(value),
};
