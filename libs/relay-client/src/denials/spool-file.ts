import { constants, open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { DenialReport } from '@postern/contracts';
import { removeUnfinished, replaceFile, syncFolderOf } from '../replace-file.js';

/** A record; or a later count of one; or, by its id alone, the end of one. The last line about an id holds. */
export type SpoolLine = DenialReport | Pick<DenialReport, 'id' | 'occurredAt' | 'count'> | Pick<DenialReport, 'id'>;

/** Written at one go: decisions wait for a millisecond at most. */
const LINES_AT_ONCE = 256;

/** Denials in a file: lines of a CRC-32 in hexadecimal, a space and JSON. */
export class SpoolFile {
  /** Lines in it, also those that no longer hold. */
  lines = 0;
  private handle: FileHandle | null = null;
  private end = 0;
  /** Behind `end` may be bytes of a write that failed: what is appended must not stand in front of them. */
  private torn = false;

  constructor(private readonly path: string) {}

  /** Reads what a former process left, and how many lines of it were damaged; the rest can be used. */
  async read(): Promise<{ records: DenialReport[]; damaged: number }> {
    await removeUnfinished(this.path);
    const bytes = await readFile(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const records = new Map<string, DenialReport>();
    let damaged = 0;
    const lines = bytes.toString('utf8').split('\n');
    // Behind the last line feed: nothing, or the half of a line that a crash left.
    if (lines.at(-1) === '') lines.pop();
    for (const text of lines) {
      const line = parse(text);
      const known = line === null ? undefined : records.get(line.id);
      if (line === null) damaged++;
      else if ('username' in line) records.set(line.id, line);
      else if ('count' in line && known !== undefined) records.set(line.id, { ...known, ...line });
      else records.delete(line.id);
    }
    this.end = bytes.lastIndexOf('\n') + 1;
    this.torn = this.end < bytes.length;
    this.lines = lines.length;
    return { records: [...records.values()], damaged };
  }

  /** On disk when it resolves; if it rejects, the file has none of them. */
  async append(lines: readonly SpoolLine[]): Promise<void> {
    const handle = await this.open();
    if (this.torn) await handle.truncate(this.end);
    this.torn = true;
    let end: number;
    try {
      end = await write(handle, lines, this.end);
      await handle.datasync();
    } catch (error) {
      // What was written of them would count later as damaged, or hold again.
      await handle.truncate(this.end).catch(() => undefined);
      throw error;
    }
    this.torn = false;
    this.end = end;
    this.lines += lines.length;
  }

  /** Leaves just these in it. */
  async replace(records: readonly DenialReport[]): Promise<void> {
    let end = 0;
    await replaceFile(this.path, async (file) => void (end = await write(file, records, 0)));
    // First of all, whatever fails then: a line that is appended to the former file is lost.
    const former = this.handle;
    this.handle = null;
    this.end = end;
    this.torn = false;
    this.lines = records.length;
    await former?.close();
    await syncFolderOf(this.path);
  }

  async clear(): Promise<void> {
    await (await this.open()).truncate(0);
    this.end = 0;
    this.torn = false;
    this.lines = 0;
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = null;
  }

  private async open(): Promise<FileHandle> {
    return (this.handle ??= await open(this.path, constants.O_RDWR | constants.O_CREAT, 0o600));
  }
}

/** Writes lines from a position on; gives the one behind them. */
async function write(file: FileHandle, lines: readonly SpoolLine[], from: number): Promise<number> {
  let at = from;
  for (let first = 0; first < lines.length; first += LINES_AT_ONCE) {
    const bytes = Buffer.from(
      lines
        .slice(first, first + LINES_AT_ONCE)
        .map(textOf)
        .join(''),
    );
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at);
      done += bytesWritten;
      at += bytesWritten;
    }
  }
  return at;
}

function textOf(line: SpoolLine): string {
  const json = JSON.stringify(line);
  return `${checksum(json)} ${json}\n`;
}

function parse(text: string): SpoolLine | null {
  const json = text.slice(9);
  return text.slice(0, 9) === `${checksum(json)} ` ? (JSON.parse(json) as SpoolLine) : null;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
