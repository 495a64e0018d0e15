import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { SchemaComponent } from '@postern/database';
import type { BackupTable } from './tables.js';

/**
 * A backup file is gzipped text: the `Manifest` in JSON; for each table a line of JSON with its name and columns, its rows in the text format of
 * COPY, and a line `\.`; then the `Summary` in JSON. COPY escapes line breaks and backslashes, so no row contains a line break or is `\.`.
 */
export interface Manifest {
  readonly format: 'postern-backup';
  readonly formatVersion: 1;
  readonly madeAt: string;
  readonly journal: string;
  /** 0 if the journal has no events. */
  readonly lastXid: string;
  readonly migrations: Readonly<Record<string, readonly string[]>>;
  readonly denialMonths: readonly string[];
}

export interface Summary {
  readonly rows: Readonly<Record<string, number>>;
  readonly sequences: Readonly<Record<string, string>>;
}

export class BackupUnreadable extends Error {
  override readonly name = 'BackupUnreadable';
  constructor(why: string) {
    super(`${why} Take another backup file.`);
  }
}

const NEW_LINE = 10;

/** Renamed to `file` when complete. @throws the errors of `parts` and of the file system, the reason of `stop`. */
export async function writeBackup(
  file: string,
  parts: AsyncIterable<Buffer | string>,
  stop?: AbortSignal,
): Promise<void> {
  const partial = `${file}.partial-${randomBytes(4).toString('hex')}`;
  try {
    // The file has hashes of API keys and customers' addresses.
    const target = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(Readable.from(parts), createGzip(), target, { signal: stop });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

export function jsonLine(value: Manifest | BackupTable | Summary): string {
  return `${JSON.stringify(value)}\n`;
}

export const ROWS_END = '\\.\n';

type CopyRows = (table: BackupTable, rows: AsyncIterable<Buffer>) => Promise<void>;

/** Reads the file to its end. @throws `BackupUnreadable`, also if this release cannot restore it. */
export async function checkBackup(
  file: string,
  components: readonly SchemaComponent[],
  stop?: AbortSignal,
): Promise<Manifest> {
  return readBackup(
    file,
    (manifest) => assertOfThisRelease(manifest, components),
    async (_, rows) => {
      for await (const chunk of rows) void chunk;
    },
    stop,
  );
}

/** `begin` first, then `copy` per table. @throws `BackupUnreadable`, their errors, the reason of `stop`. */
export async function readBackup(
  file: string,
  begin: (manifest: Manifest) => void | Promise<void>,
  copy: CopyRows,
  stop?: AbortSignal,
): Promise<Manifest & Summary> {
  const lines = new Lines(file, stop);
  try {
    const manifest = (await lines.json()) as Manifest;
    if (manifest.format !== 'postern-backup') throw new BackupUnreadable('It is not a backup of Postern.');
    if (manifest.formatVersion !== 1)
      throw new BackupUnreadable('It was made by a later release of Postern: restore it with that release.');
    await begin(manifest);
    const counted: Record<string, number> = {};
    let next = (await lines.json()) as BackupTable | Summary;
    for (; 'columns' in next; next = (await lines.json()) as BackupTable | Summary) {
      stop?.throwIfAborted();
      const { name } = next;
      counted[name] = 0;
      await copy(
        next,
        lines.rows((count) => (counted[name] = (counted[name] ?? 0) + count)),
      );
    }
    await lines.end();
    assertComplete(next, counted);
    return { ...manifest, ...next };
  } finally {
    await lines.close();
  }
}

function assertOfThisRelease(manifest: Manifest, components: readonly SchemaComponent[]): void {
  for (const { schema, migrations } of components) {
    const theirs = manifest.migrations[schema] ?? [];
    const ours = migrations.map(({ name }) => name);
    const later = theirs.filter((name) => !ours.includes(name));
    if (later.length > 0)
      throw new BackupUnreadable(`It was made by a later release (${later.join(', ')}): restore it with that release.`);
    if (ours.length > theirs.length)
      throw new BackupUnreadable('It was made by an earlier release: restore it with that release, then update.');
  }
}

function assertComplete({ rows }: Summary, counted: Readonly<Record<string, number>>): void {
  for (const table of new Set([...Object.keys(rows), ...Object.keys(counted)]))
    if (rows[table] !== counted[table])
      throw new BackupUnreadable(`It has ${counted[table] ?? 0} rows of ${table}, and says ${rows[table] ?? 0}.`);
}

class Lines {
  private readonly chunks: AsyncGenerator<Buffer, void>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(file: string, stop?: AbortSignal) {
    this.chunks = unzipped(file, stop);
  }

  async json(): Promise<unknown> {
    let at = this.rest.indexOf(NEW_LINE);
    for (; at === -1; at = this.rest.indexOf(NEW_LINE)) await this.more();
    const text = this.take(at + 1).toString('utf8');
    try {
      return JSON.parse(text);
    } catch {
      throw new BackupUnreadable('It is not a backup of Postern, or is damaged.');
    }
  }

  /** Ends before the line `\.`. `count` gets the number of rows in each chunk. */
  async *rows(count: (rows: number) => void): AsyncGenerator<Buffer, void> {
    for (;;) {
      const complete = this.rest.subarray(0, this.rest.lastIndexOf(NEW_LINE) + 1);
      const end = endOfRows(complete);
      const rows = this.take(end === -1 ? complete.length : end);
      if (rows.length > 0) {
        count(countLines(rows));
        yield rows;
      }
      if (end !== -1) {
        this.take(ROWS_END.length);
        return;
      }
      await this.more();
    }
  }

  /** Call it after the last line: it reads gzip's checksum. */
  async end(): Promise<void> {
    if (this.rest.length > 0 || (await this.chunks.next()).done !== true)
      throw new BackupUnreadable('Something follows its end.');
  }

  async close(): Promise<void> {
    await this.chunks.return();
  }

  private take(bytes: number): Buffer {
    const taken = this.rest.subarray(0, bytes);
    this.rest = this.rest.subarray(bytes);
    return taken;
  }

  private async more(): Promise<void> {
    const { value } = await this.chunks.next();
    if (!value) throw new BackupUnreadable('Its end is missing.');
    this.rest = Buffer.concat([this.rest, value]);
  }
}

async function* unzipped(file: string, stop?: AbortSignal): AsyncGenerator<Buffer, void> {
  const text = createGunzip();
  // A reader of `text` gets its errors.
  pipeline(createReadStream(file), text, { signal: stop }).catch(() => undefined);
  try {
    yield* text as AsyncIterable<Buffer>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_') !== true) throw error;
    throw new BackupUnreadable(`It is damaged, cut off, or not a backup of Postern (${message}).`);
  }
}

function endOfRows(text: Buffer): number {
  if (text.subarray(0, ROWS_END.length).toString('latin1') === ROWS_END) return 0;
  const at = text.indexOf(`\n${ROWS_END}`);
  return at === -1 ? -1 : at + 1;
}

function countLines(text: Buffer): number {
  let lines = 0;
  for (let at = text.indexOf(NEW_LINE); at !== -1; at = text.indexOf(NEW_LINE, at + 1)) lines += 1;
  return lines;
}
