import { readExpiry } from './expiry.js';

export interface Pasted {
  /** As typed, and its position, where a correction replaces it. */
  readonly typed: string;
  readonly at: number;
  /** From 1. */
  readonly line: number;
  readonly note: string | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly expiresAt: string | null;
}

/** A part of an SPF record that may allow addresses and that was not read. */
export interface LeftOut {
  readonly line: number;
  readonly text: string;
  readonly why: string;
}

interface Piece {
  readonly text: string;
  readonly at: number;
}

/**
 * Finds the addresses in a text: one a line, or separated by commas, semicolons or spaces, each followed by a note or an end
 * (`203.0.113.42, 2027-01-31 # office`); CSV with or without a header; or an SPF record. Never throws.
 */
export function pastedLines(text: string): { readonly pasted: Pasted[]; readonly leftOut: LeftOut[] } {
  const lines = linesOf(text);
  const first = lines.find(({ text }) => text.trim() !== '');
  const header = first && readHeader(first);
  if (header) return { pasted: csvRows(text, first.at + first.text.length, header), leftOut: [] };
  const pasted: Pasted[] = [];
  const leftOut: LeftOut[] = [];
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    if (isSpf(line.text)) readSpf(line, number, pasted, leftOut);
    else pasted.push(...readLine(line, number));
  }
  return { pasted, leftOut };
}

function linesOf(text: string): Piece[] {
  return [...text.matchAll(/[^\r\n\u2028\u2029]*(?:\r\n|[\r\n\u2028\u2029]|$)/gu)]
    .slice(0, -1)
    .map((match) => ({ text: match[0].replace(/[\r\n\u2028\u2029]+$/u, ''), at: match.index }));
}

/** The words of a line that look like addresses. The rest is their note or end. */
function readLine({ text, at }: Piece, line: number): Pasted[] {
  const [, content = '', comment] = /^(.*?)(?:(?:^|\s)(?:#|\/\/)(.*))?$/su.exec(text) ?? [];
  const cells = cellsOf({ text: content, at });
  const found: Piece[] = [];
  const notes: string[] = [];
  let expiresAt: string | null = null;
  for (const cell of cells) {
    const { addresses, rest } = splitCell(cell, found.length === 0);
    found.push(...addresses);
    const end = readExpiry(rest);
    if (end !== null) expiresAt = end;
    else if (rest !== '') notes.push(rest);
  }
  if (comment !== undefined && comment.trim() !== '') notes.push(comment.trim());
  const note = (from = 0) => notes.slice(from).join(', ') || null;
  if (found.length > 0) return found.map((piece) => ({ ...typedOf(piece), line, note: note(), expiresAt }));
  // Without any such word, the first cell is judged, so that the person learns what is wrong with it.
  const cell = cells.find(({ text }) => plainNote(text) !== '' && readExpiry(text) === null);
  return cell ? [{ ...typedOf(cell), line, note: note(1), expiresAt }] : [];
}

const typedOf = ({ text, at }: Piece): Pick<Pasted, 'typed' | 'at'> => ({ typed: text, at });

/**
 * The addresses at the beginning of a cell, and the note after them. In the first cell with an address the note may come first
 * (`office 203.0.113.42`). Later, an address inside a note (`replaces 203.0.113.9`) is part of the note.
 */
function splitCell(cell: Piece, mayFollow: boolean): { addresses: Piece[]; rest: string } {
  const words = wordsOf(cell);
  let from = words.findIndex(({ text }) => looksLikeAddress(text));
  if (from === -1 || (from > 0 && !mayFollow)) return { addresses: [], rest: plainNote(cell.text) };
  const before = cell.text.slice(0, (words[from]?.at ?? cell.at) - cell.at);
  const addresses: Piece[] = [];
  let end = cell.at;
  for (; from < words.length; from++) {
    const word = words[from];
    const next = words[from + 1];
    if (word === undefined) break;
    if (/^(?:and|or|&|\+)$/i.test(word.text) && next && looksLikeAddress(next.text)) continue;
    if (!looksLikeAddress(word.text)) break;
    addresses.push(word);
    end = word.at + word.text.length;
  }
  const after = cell.text.slice(end - cell.at);
  return { addresses, rest: [plainNote(before), plainNote(after)].filter((part) => part !== '').join(' ') };
}

/** Words separated by white space. A slash, a span and a dotted mask join their sides even with white space around them. */
function wordsOf({ text, at }: Piece): Piece[] {
  const ONE =
    /[\d.]+\s+255(?:\.\d{1,3}){3}(?!\S)|[\d.]+\s*[-–]\s*\d+(?:\.\d+){3}(?!\S)|[\da-f.:]+\s*\/\s*\d{1,3}(?!\S)|\S+/giu;
  return [...text.matchAll(ONE)].flatMap((match) => {
    const [, open = '', word = ''] = /^((?:\[(?=["']))?["'(<]*)(.*?)(?:["')>]+\]?|\.)*$/su.exec(match[0]) ?? [];
    return word === '' ? [] : [{ text: word, at: at + match.index + open.length }];
  });
}

/** Also something that is nearly an address, so that a correction can be offered. */
function looksLikeAddress(word: string): boolean {
  const address = word.replace(/^\[|\](?::\d+)?$/g, '');
  if (/^\d{1,4}(?:\.(?:\d{1,4}|\*)){3}(?:[\s/:–-].*)?$/su.test(address)) return true;
  if (/^\d{1,3}(?:\.\d{1,3}){0,2}\/\d/.test(address)) return true;
  if (/^\d{1,3}(?:\.\d{1,3}){1,2}\.\*/.test(address)) return true;
  return /^(?:IPv6:)?(?=.*[\da-f:])[\da-f]{0,5}(?::[\da-f]{0,5}){2,8}(?:\.\d{1,3}){0,3}(?:[\s/%].*)?$/isu.test(address);
}

/** Removes leading signs and enclosing ones. Empty if there is nothing else. */
function plainNote(text: string): string {
  if (!/[\p{L}\p{N}*]/u.test(text)) return '';
  const note = text
    .trim()
    .replace(/^(?:[-–—:=|>•]+|#|\/\/)\s*/u, '')
    .replace(/\s*[-–—:=|]+$/u, '');
  return /^\(.*\)$/s.test(note) ? note.slice(1, -1).trim() : note;
}

/** The cells of one line. A quote without an end is an ordinary character. */
function cellsOf({ text, at }: Piece): Piece[] {
  const CELL = /\s*(?:"((?:[^"]|"")*)"\s*(?=[,;\t]|$)|([^,;\t]*))(?:[,;\t]|$)/gy;
  const cells: Piece[] = [];
  for (let match = CELL.exec(text); match && match.index < text.length; match = CELL.exec(text)) {
    const quoted = match[1] !== undefined;
    const raw = match[1] ?? match[2] ?? '';
    const start = match.index + match[0].indexOf(raw, quoted ? match[0].indexOf('"') + 1 : 0) + leadOf(raw);
    cells.push({ text: quoted ? raw.replaceAll('""', '"').trim() : raw.trim(), at: at + start });
  }
  return cells;
}

const leadOf = (text: string): number => text.length - text.trimStart().length;

interface Header {
  readonly range: number;
  readonly note: number;
  readonly expires: number;
  readonly delimiter: string;
}

const NAMES = {
  range: /^(?:ip|ips|range|ranges|cidr|address|addresses|network|subnet|ip[ _-]?(?:address|range))$/i,
  note: /^(?:note|notes|comment|comments|description|label|name|remark)$/i,
  expires: /^(?:expires|expiry|expiration|until|end|ends|valid[ _-]?until|expires[ _-]?at|expiresat)$/i,
} as const;

function readHeader({ text }: Piece): Header | null {
  const delimiter = /[,;\t]/.exec(text)?.[0] ?? ',';
  const names = text
    .replace(/^\ufeff/u, '')
    .split(delimiter)
    .map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  const column = (pattern: RegExp) => names.findIndex((name) => pattern.test(name));
  const header = { range: column(NAMES.range), note: column(NAMES.note), expires: column(NAMES.expires), delimiter };
  return header.range === -1 ? null : header;
}

/** A quoted cell may contain line breaks. */
function csvRows(text: string, from: number, { range, note, expires, delimiter }: Header): Pasted[] {
  const d = delimiter === '\t' ? '\\t' : delimiter;
  const CELL = new RegExp(`"((?:[^"]|"")*)"[^\\S\\r\\n${d}]*(?=[${d}\\r\\n]|$)|([^${d}\\r\\n]*)`, 'gy');
  const pasted: Pasted[] = [];
  let at = from;
  let line = text.slice(0, from).split(/\r\n|\r|\n/).length;
  while (at < text.length) {
    const [newLine] = /^(?:\r\n|\r|\n)/.exec(text.slice(at, at + 2)) ?? [''];
    at += newLine.length;
    if (newLine !== '') line++;
    const row: Piece[] = [];
    const rowLine = line;
    for (;;) {
      CELL.lastIndex = at;
      const match = CELL.exec(text);
      if (!match) break;
      const cell = match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"');
      const quote = match[1] === undefined ? 0 : 1;
      row.push({ text: cell.trim(), at: at + quote + leadOf(cell) });
      line += (match[1]?.match(/\r\n|\r|\n/g) ?? []).length;
      at += match[0].length;
      if (text[at] !== delimiter) break;
      at++;
    }
    const cell = row[range];
    if (!cell || cell.text === '') continue;
    pasted.push({
      ...typedOf(cell),
      line: rowLine,
      note: row[note]?.text || null,
      expiresAt: readExpiry(row[expires]?.text ?? ''),
    });
  }
  return pasted;
}

// SPF (RFC 7208)

const isSpf = (text: string): boolean =>
  /v=spf1\b|(?:^|[\s"])[+?~-]?(?:ip[46]|include):|(?:^|\s)[?~-]all\b/i.test(text);

function readSpf({ text, at }: Piece, line: number, pasted: Pasted[], leftOut: LeftOut[]): void {
  for (const match of text.matchAll(/[^\s",;]+/gu)) {
    const term = match[0];
    const [, qualifier, address] = /^([+?~-]?)ip[46]:(.*)$/i.exec(term) ?? [];
    if (address !== undefined && (qualifier === '' || qualifier === '+'))
      pasted.push({
        typed: address,
        at: at + match.index + term.length - address.length,
        line,
        note: null,
        expiresAt: null,
      });
    else if (address !== undefined) leftOut.push({ line, text: term, why: 'the record does not allow it.' });
    else if (/^[+?~-]?(?:include|a|mx|ptr|exists|redirect)(?:[:=/].*)?$/i.test(term))
      leftOut.push({ line, text: term, why: 'it names no address. Look up its addresses and add those.' });
  }
}
