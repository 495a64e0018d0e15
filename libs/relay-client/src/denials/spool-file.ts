import { constants, open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { DenialReport } from '@postern/contracts';
import { removeUnfinished, replaceFile, syncFolderOf } from '../replace-file.js';

/** A record, maybe with a higher count than before, or its removal (the id alone). The last line about an id is valid. */
export type SpoolLine = DenialReport | Pick<DenialReport, 'id'>;

/** Written without a break: decisions wait for a millisecond at most. */
const LINES_AT_ONCE = 256;

/** Denials in a file. Each line is a CRC-32 in hexadecimal, a space and JSON. */
export class SpoolFile {
  lines = 0;
  private handle: FileHandle | null = null;
  /** After it may be bytes of a failed write. The next append cuts them off. */
  private end = 0;

  constructor(private readonly path: string) {}

  async read(): Promise<{ records: DenialReport[]; damaged: number }> {
    await removeUnfinished(this.path);
    const bytes = await readFile(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const records = new Map<string, DenialReport>();
    let damaged = 0;
    const lines = bytes.toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    for (const text of lines) {
      const line = parse(text);
      if (line === null) damaged++;
      else if ('username' in line) records.set(line.id, line);
      else records.delete(line.id);
    }
    this.end = bytes.lastIndexOf('\n') + 1;
    this.lines = lines.length;
    return { records: [...records.values()], damaged };
  }

  /** Resolves when the lines are on disk. After an error, a part of them may be. */
  async append(lines: readonly SpoolLine[]): Promise<void> {
    const handle = await this.open();
    await handle.truncate(this.end);
    const end = await write(handle, lines, this.end);
    await handle.datasync();
    this.end = end;
    this.lines += lines.length;
  }

  async replace(records: readonly DenialReport[]): Promise<void> {
    let end = 0;
    await replaceFile(this.path, async (file) => void (end = await write(file, records, 0)));
    // Close the old file first, whatever fails later: a line appended to it would be lost.
    const former = this.handle;
    this.handle = null;
    this.end = end;
    this.lines = records.length;
    await former?.close();
    await syncFolderOf(this.path);
  }

  async clear(): Promise<void> {
    await (await this.open()).truncate(0);
    this.end = 0;
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
