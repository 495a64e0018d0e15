import { readFile } from 'node:fs/promises';
import { usageFailure } from './failure.js';

/** A list of 1,000 entries with notes is below it. */
const LONGEST_INPUT = 1_000_000;

/** An entry as the API takes it. */
interface WantedEntry {
  readonly range: string;
  readonly note?: string;
  readonly expiresAt?: string;
}

export interface EntriesGiven {
  readonly ranges: readonly string[];
  /** A file with a range a line; `-` is standard input. */
  readonly from?: string;
  readonly note?: string;
  readonly expires?: string;
}

/** The entries of a command line. Throws a usage failure where there is none or the file cannot be read. */
export async function entriesGiven({ ranges, from, note, expires }: EntriesGiven): Promise<WantedEntry[]> {
  const listed = from === undefined ? [] : entriesIn(await textOf(from));
  const entries = [...ranges.map((range) => ({ range })), ...listed];
  if (entries.length === 0) throw usageFailure('Name at least one address or range, or a file with --from.');
  const all = { ...(note === undefined ? {} : { note }), ...(expires === undefined ? {} : { expiresAt: expires }) };
  return entries.map((entry) => ({ ...all, ...entry }));
}

/** A range a line; what follows a `#` is its note. What is wrong in a line is left for Postern to report. */
export function entriesIn(text: string): WantedEntry[] {
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

/** All of standard input. Throws a usage failure beyond 1,000,000 characters. */
export async function readStandardInput(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) {
    text += chunk as string;
    if (text.length > LONGEST_INPUT) throw usageFailure('Standard input is too long: 1,000,000 characters at most.');
  }
  return text;
}
