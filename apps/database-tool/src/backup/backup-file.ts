import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { createGunzip, createGzip } from 'node:zlib';
import type { SchemaComponent } from '@postern/database';
import type { BackupTable } from './tables.js';

/**
 * A backup file is gzipped text: the `Manifest` in JSON; then for each table a line of JSON with its name and columns, its rows in the text
 * format of COPY, and a line `\.`. COPY escapes line breaks and backslashes, so no row contains a line break or is `\.`. The checksum of gzip
 * detects a damaged or incomplete file.
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
  /** The last value of each sequence. */
  readonly sequences: Readonly<Record<string, string>>;
}

export class BackupUnreadable extends Error {
  override readonly name = 'BackupUnreadable';
  constructor(why: string) {
    super(`${why} Take another backup file.`);
  }
}

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

export function jsonLine(value: Manifest | BackupTable): string {
  return `${JSON.stringify(value)}\n`;
}

export const ROWS_END = '\\.';
const ROWS_AT_ONCE = 1_000;

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
      for await (const some of rows) void some;
    },
    stop,
  );
}

/** `begin` first, then `copy` per table. @throws `BackupUnreadable`, their errors, the reason of `stop`. */
export async function readBackup(
  file: string,
  begin: (manifest: Manifest) => void | Promise<void>,
  copy: (table: BackupTable, rows: AsyncIterable<Buffer>) => Promise<void>,
  stop?: AbortSignal,
): Promise<Manifest> {
  const lines = linesOf(file, stop);
  try {
    const manifest = parsed<Manifest>((await lines.next()).value ?? '');
    if (manifest.format !== 'postern-backup') throw new BackupUnreadable('It is not a backup of Postern.');
    if (manifest.formatVersion !== 1)
      throw new BackupUnreadable('It was made by a later release of Postern: restore it with that release.');
    await begin(manifest);
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      stop?.throwIfAborted();
      await copy(parsed<BackupTable>(line.value), rowsOf(lines));
    }
    return manifest;
  } finally {
    await lines.return();
  }
}

function assertOfThisRelease({ migrations }: Manifest, components: readonly SchemaComponent[]): void {
  const ours = Object.fromEntries(components.map((each) => [each.schema, each.migrations.map(({ name }) => name)]));
  if (isDeepStrictEqual(migrations, ours)) return;
  const theirs = new Set(Object.values(migrations).flat());
  const missing = Object.values(ours).flatMap((names) => names.filter((name) => !theirs.has(name)));
  throw new BackupUnreadable(
    missing.length > 0
      ? 'It was made by an earlier release: restore it with that release, then update.'
      : 'It was made by a later release: restore it with that release.',
  );
}

/** Each character is a byte, so that no byte is changed. */
async function* linesOf(file: string, stop?: AbortSignal): AsyncGenerator<string, void> {
  const text = createGunzip();
  // A reader of `text` gets its errors.
  pipeline(createReadStream(file), text, { signal: stop }).catch(() => undefined);
  let rest = '';
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_') !== true) throw error;
    throw new BackupUnreadable(`It is damaged, cut off, or not a backup of Postern (${message}).`);
  }
}

async function* rowsOf(lines: AsyncGenerator<string, void>): AsyncGenerator<Buffer, void> {
  let rows: string[] = [];
  for (;;) {
    const { value } = await lines.next();
    if (value === undefined) throw new BackupUnreadable('Its end is missing.');
    const isEnd = value === ROWS_END;
    if (!isEnd) rows.push(value);
    if (rows.length === ROWS_AT_ONCE || (isEnd && rows.length > 0)) {
      yield Buffer.from(`${rows.join('\n')}\n`, 'latin1');
      rows = [];
    }
    if (isEnd) return;
  }
}

function parsed<T>(line: string): T {
  try {
    return JSON.parse(line) as T;
  } catch {
    throw new BackupUnreadable('It is not a backup of Postern, or is damaged.');
  }
}
