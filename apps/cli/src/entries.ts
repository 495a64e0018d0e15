import { readFile } from 'node:fs/promises';
import { usageFailure } from './failure.js';

/** More than a list of 1,000 entries with notes. */
const LONGEST_INPUT = 1_000_000;

interface RequestedEntry {
  readonly range: string;
  readonly note?: string;
  readonly expiresAt?: string;
}

export interface EntriesGiven {
  readonly ranges: readonly string[];
  /** A file with one range per line; `-` is standard input. */
  readonly from?: string;
  readonly note?: string;
  readonly expires?: string;
}

/** @throws a usage failure without entries, or for an unreadable file. */
export async function entriesGiven({ ranges, from, note, expires }: EntriesGiven): Promise<RequestedEntry[]> {
  const listed = from === undefined ? [] : entriesIn(await textOf(from));
  const entries = [...ranges.map((range) => ({ range })), ...listed];
  if (entries.length === 0) throw usageFailure('Name at least one address or range, or a file with --from.');
  const all = { ...(note === undefined ? {} : { note }), ...(expires === undefined ? {} : { expiresAt: expires }) };
  return entries.map((entry) => ({ ...all, ...entry }));
}

/** One range per line; text after `#` is its note. Postern reports wrong lines. */
export function entriesIn(text: string): RequestedEntry[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [range = '', ...rest] = line.split('#');
    const note = rest.join('#').trim();
    if (range.trim() === '') return [];
    return [{ range: range.trim(), ...(note === '' ? {} : { note }) }];
  });
}

async function textOf(file: string): Promise<string> {
  if (file === '-') return readStandardInput();
  return readFile(file, 'utf8').catch((error: Error) => {
    throw usageFailure(`--from ${file} cannot be read: ${error.message}`);
  });
}

export async function readStandardInput(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) {
    text += chunk as string;
    if (text.length > LONGEST_INPUT) throw usageFailure('Standard input is too long: 1,000,000 characters at most.');
  }
  return text;
}
