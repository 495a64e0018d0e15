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
  /** Why it is not read: a part of an SPF record that names no address, or forbids it. */
  readonly leftOut?: string;
}

interface Piece {
  readonly text: string;
  readonly at: number;
}

/**
 * Finds the addresses in a text: one a line, or separated by commas, semicolons or spaces, each followed by a note or an end
 * (`203.0.113.42, 2027-01-31 # office`); CSV with or without a header; or an SPF record. Never throws.
 */
export function pastedLines(text: string): Pasted[] {
  return (
    readCsv(text) ??
    linesOf(text).flatMap((line, index) => (isSpf(line.text) ? readSpf(line, index + 1) : readLine(line, index + 1)))
  );
}

function linesOf(text: string): Piece[] {
  return [...text.matchAll(/[^\r\n\u2028\u2029]*(?:\r\n|[\r\n\u2028\u2029]|$)/gu)]
    .slice(0, -1)
    .map((match) => ({ text: match[0].replace(/[\r\n\u2028\u2029]+$/u, ''), at: match.index }));
}

/** The words of a line that look like addresses. The rest is their note or end. */
function readLine({ text, at }: Piece, line: number): Pasted[] {
  const [, content = '', comment] = /^(.*?)(?:(?:^|\s)(?:#|\/\/)(.*))?$/su.exec(text) ?? [];
  const cells = rowAt(content, 0, ',;\t').cells.map((cell) => ({ ...cell, at: at + cell.at }));
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

/**
 * The cells from a position to the end of their row, without white space around them. A quoted cell may contain line breaks. A quote
 * without an end is an ordinary character.
 */
function rowAt(text: string, from: number, delimiters: string): { readonly cells: Piece[]; readonly end: number } {
  const [ends, space] = [`${delimiters}\\r\\n`, `[^\\S\\r\\n${delimiters}]*`];
  const CELL = new RegExp(`${space}(?:"((?:[^"]|"")*)"${space}(?=[${ends}]|$)|([^${ends}]*))`, 'y');
  const cells: Piece[] = [];
  CELL.lastIndex = from;
  for (let match = CELL.exec(text); match; match = CELL.exec(text)) {
    const [all, quoted, plain = ''] = match;
    const raw = quoted ?? plain;
    const start = match.index + all.indexOf(raw, quoted === undefined ? 0 : all.indexOf('"') + 1);
    const lead = raw.length - raw.trimStart().length;
    cells.push({ text: (quoted?.replaceAll('""', '"') ?? plain).trim(), at: start + lead });
    if (!delimiters.includes(text[CELL.lastIndex] ?? '\n')) break;
    CELL.lastIndex++;
  }
  return { cells, end: CELL.lastIndex };
}

const NAMES = {
  range: /^(?:ip|ips|range|ranges|cidr|address|addresses|network|subnet|ip[ _-]?(?:address|range))$/i,
  note: /^(?:note|notes|comment|comments|description|label|name|remark)$/i,
  expires: /^(?:expires|expiry|expiration|until|end|ends|valid[ _-]?until|expires[ _-]?at|expiresat)$/i,
} as const;

/** The rows below a header that names the column of the ranges. Null if there is no such header. */
function readCsv(text: string): Pasted[] | null {
  const from = /^(?:\s*[\r\n])?/.exec(text)?.[0].length ?? 0;
  const delimiter = /^[^\r\n]*?([,;\t])/.exec(text.slice(from))?.[1] ?? ',';
  const header = rowAt(text, from, delimiter);
  const column = (name: RegExp) => header.cells.findIndex((cell) => name.test(cell.text));
  const [range, note, expires] = [column(NAMES.range), column(NAMES.note), column(NAMES.expires)];
  if (range === -1) return null;
  const pasted: Pasted[] = [];
  let line = 1 + breaksIn(text.slice(0, header.end));
  for (let at = header.end; at < text.length;) {
    const start = at + (text.startsWith('\r\n', at) ? 2 : 1);
    const { cells, end } = rowAt(text, start, delimiter);
    const cell = cells[range];
    line++;
    if (cell && cell.text !== '') {
      const expiresAt = readExpiry(cells[expires]?.text ?? '');
      pasted.push({ ...typedOf(cell), line, note: cells[note]?.text || null, expiresAt });
    }
    line += breaksIn(text.slice(start, end));
    at = end;
  }
  return pasted;
}

const breaksIn = (text: string): number => text.match(/\r\n|\r|\n/g)?.length ?? 0;

// SPF (RFC 7208)

const isSpf = (text: string): boolean =>
  /v=spf1\b|(?:^|[\s"])[+?~-]?(?:ip[46]|include):|(?:^|\s)[?~-]all\b/i.test(text);

function readSpf({ text, at }: Piece, line: number): Pasted[] {
  return [...text.matchAll(/[^\s",;]+/gu)].flatMap(({ 0: term, index }): Pasted[] => {
    const rest = { line, note: null, expiresAt: null };
    const [, address] = /^\+?ip[46]:(.*)$/i.exec(term) ?? [];
    if (address !== undefined) return [{ typed: address, at: at + index + term.length - address.length, ...rest }];
    const leftOut = /^[?~-]ip[46]:/i.test(term)
      ? 'the record does not allow it.'
      : 'it names no address. Look up its addresses and add those.';
    const isSource = /^[+?~-]?(?:(?:include|a|mx|ptr|exists|redirect)(?:[:=/].*)?|ip[46]:.*)$/i.test(term);
    return isSource ? [{ typed: term, at: at + index, ...rest, leftOut }] : [];
  });
}
