import { createReadStream, createWriteStream } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { BackupTable } from './tables.js';

/**
 * A backup file is text, compressed by gzip: a line of JSON with the `Manifest`; then for each table a line of JSON with its name and
 * columns, its rows in the text format of COPY, and a line `\.`; then a line of JSON with the `Summary`. COPY escapes line breaks and
 * backslashes, so that no row has a line break and none is `\.`.
 */
export interface Manifest {
  readonly format: 'postern-backup';
  readonly formatVersion: 1;
  /** RFC 3339, UTC. */
  readonly madeAt: string;
  readonly journal: string;
  /** By schema. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
}

export interface Summary {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  readonly sequences: Readonly<Record<string, string>>;
}

/** The file is no backup, or not all of one. */
export class BackupUnreadable extends Error {
  override readonly name = 'BackupUnreadable';
  constructor(file: string, why: string) {
    super(`${file} cannot be restored: ${why} Take another backup file.`);
  }
}

const END_OF_ROWS = '\\.';
const NEW_LINE = 10;

/** Writes the file. Throws where it exists, or what `parts` throws. */
export async function writeBackup(file: string, parts: AsyncIterable<Buffer | string>): Promise<void> {
  // It has the hashes of API keys and the addresses of customers.
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  await pipeline(Readable.from(parts), createGzip(), target);
}

export function jsonLine(value: Manifest | BackupTable | Summary): string {
  return `${JSON.stringify(value)}\n`;
}

export const ROWS_END = `${END_OF_ROWS}\n`;

/** Reads a backup file from its beginning to its end, once. Throws `BackupUnreadable`. */
export class BackupReader {
  private readonly lines: AsyncGenerator<Buffer>;

  constructor(private readonly file: string) {
    this.lines = linesOf(file);
  }

  async manifest(): Promise<Manifest> {
    const manifest = (await this.json()) as Partial<Manifest>;
    if (manifest.format !== 'postern-backup') throw new BackupUnreadable(this.file, 'It is no backup of Postern.');
    if (manifest.formatVersion !== 1)
      throw new BackupUnreadable(this.file, 'It was made by a later release of Postern: restore it by that release.');
    return manifest as Manifest;
  }

  /** The next table, whose rows are to be read next; or the summary behind the last one. */
  async next(): Promise<BackupTable | Summary> {
    return (await this.json()) as BackupTable | Summary;
  }

  /** Writes the rows of a table, and returns how many there were. */
  async copyRows(to: Writable): Promise<number> {
    const failed = new Promise<never>((_, reject) => to.once('error', reject));
    failed.catch(() => undefined);
    let rows = 0;
    for (;;) {
      const line = await this.line();
      if (line.toString('latin1') === END_OF_ROWS) return rows;
      rows += 1;
      if (!to.write(Buffer.concat([line, Buffer.of(NEW_LINE)])))
        await Promise.race([new Promise((done) => to.once('drain', done)), failed]);
    }
  }

  /** To be called behind the summary: reads the checksum of gzip. */
  async end(): Promise<void> {
    const { done } = await this.read();
    if (done !== true) throw new BackupUnreadable(this.file, 'Something follows its end.');
  }

  async close(): Promise<void> {
    await this.lines.return(undefined);
  }

  private async json(): Promise<unknown> {
    const text = (await this.line()).toString('utf8');
    try {
      return JSON.parse(text);
    } catch {
      throw new BackupUnreadable(this.file, 'It is no backup of Postern, or damaged.');
    }
  }

  private async line(): Promise<Buffer> {
    const { value, done } = await this.read();
    if (done === true) throw new BackupUnreadable(this.file, 'Its end is missing.');
    return value;
  }

  private async read(): Promise<IteratorResult<Buffer, undefined>> {
    try {
      return await this.lines.next();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code?.startsWith('Z_') === true)
        throw new BackupUnreadable(this.file, `It is damaged, cut off, or no backup of Postern (${message}).`);
      throw error;
    }
  }
}

async function* linesOf(file: string): AsyncGenerator<Buffer, undefined> {
  const source = createReadStream(file);
  const text = createGunzip();
  source.on('error', (error) => text.destroy(error)).pipe(text);
  try {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of text as AsyncIterable<Buffer>) {
      const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let at = buffer.indexOf(NEW_LINE); at !== -1; at = buffer.indexOf(NEW_LINE, from)) {
        yield buffer.subarray(from, at);
        from = at + 1;
      }
      rest = buffer.subarray(from);
    }
    if (rest.length > 0) yield rest;
    return undefined;
  } finally {
    source.destroy();
  }
}
