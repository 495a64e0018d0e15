import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { endianness } from 'node:os';
import type { RelayReply } from '@postern/contracts';
import { replaceFile, syncFolderOf } from '../replace-file.js';
import { Replica } from '../replica/replica.js';
import type { TenantReplies } from './tenant-replies.js';

/**
 * The file of the saved policies consists of frames:
 *   length of the content (4 bytes) | content | SHA-256 of all lengths and contents up to here (32 bytes)
 * First the `FileHead` in JSON, then one frame per page of records, an empty frame, and the `FileTail` in JSON,
 * which has every tenant of the records. A decision waits a millisecond or two for each frame.
 */
interface FileHead extends Kept {
  /** A file of another format is not read. Records are in the machine's byte order. */
  readonly format: string;
  readonly policies: number;
}

interface FileTail {
  readonly tenants: readonly string[];
  /** Null: no stream has sent them yet. */
  readonly replies: readonly RelayReply[] | null;
}

export interface Kept {
  readonly revision: number;
  /** Last contact with the control plane: wall clock, milliseconds since 1970. */
  readonly contactAt: number;
}

const FORMAT = `postern policies 8 ${endianness()}`;
const WORD_BYTES = 4;
const SUM_BYTES = 32;

export class LastKnownGoodUnusable extends Error {
  override readonly name = 'LastKnownGoodUnusable';

  constructor(why: string) {
    super(`The last known good policies are not used: ${why}. The relay defers until it reaches the control plane.`);
  }
}

/** All or nothing. The replica may change during the write: records may be newer than `revision`, never older. A resume repeats those changes. */
export async function writePolicies(
  path: string,
  replica: Replica,
  contactAt: number,
  replies?: Pick<TenantReplies, 'list'>,
): Promise<void> {
  const { policies, revision } = replica;
  const head: FileHead = { format: FORMAT, policies, revision, contactAt };
  await replaceFile(path, async (file) => {
    const sum = createHash('sha256');
    const write = async (content: Uint8Array): Promise<void> => {
      const length = wordOf(content.length);
      sum.update(length).update(content);
      await file.appendFile(Buffer.concat([length, content, sum.copy().digest()]));
    };
    await write(Buffer.from(JSON.stringify(head)));
    for (const copy of replica.copies()) await write(new Uint8Array(copy.buffer));
    await write(new Uint8Array());
    const tail: FileTail = { tenants: replica.tenants.ids, replies: replies?.list() ?? null };
    await write(Buffer.from(JSON.stringify(tail)));
  });
  await syncFolderOf(path);
}

/** Null if there is no file. @throws LastKnownGoodUnusable if any bit has changed. */
export async function readPolicies(
  path: string,
  clock: () => number,
): Promise<(Kept & { replica: Replica; replies: FileTail['replies'] }) | null> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const frames = readFrames(file);
    const { format, policies, revision, contactAt } = jsonOf<FileHead>((await frames.next()).value);
    if (format !== FORMAT) throw new LastKnownGoodUnusable('they are of another version, or from another machine');
    const replica = new Replica({ clock, expectedUsers: policies });
    for (;;) {
      const { value: records } = await frames.next();
      if (records === undefined) throw new LastKnownGoodUnusable('they are cut off');
      if (records.length === 0) break;
      replica.restore(new Uint32Array(records.buffer));
    }
    const { tenants, replies } = jsonOf<FileTail>((await frames.next()).value);
    if ((await frames.next()).done !== true) throw new LastKnownGoodUnusable('something follows their end');
    replica.tenants.restore(tenants);
    replica.revision = revision;
    return { replica, replies, revision, contactAt };
  } finally {
    await file.close();
  }
}

async function* readFrames(file: FileHandle): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  const { size } = await file.stat();
  let at = 0;
  const read = async (length: number): Promise<Uint8Array<ArrayBuffer>> => {
    if (at + length > size) throw new LastKnownGoodUnusable('they are cut off');
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, at);
    if (bytesRead !== length) throw new LastKnownGoodUnusable('they are cut off');
    at += length;
    return bytes;
  };
  const sum = createHash('sha256');
  for (;;) {
    const length = await read(WORD_BYTES);
    const content = await read(wordIn(length));
    sum.update(length).update(content);
    if (
      !sum
        .copy()
        .digest()
        .equals(await read(SUM_BYTES))
    )
      throw new LastKnownGoodUnusable('they are damaged');
    yield content;
    if (at === size) return;
  }
}

function jsonOf<Content>(content: Uint8Array | undefined): Content {
  if (content === undefined) throw new LastKnownGoodUnusable('they are cut off');
  return JSON.parse(Buffer.from(content).toString('utf8')) as Content;
}

const wordOf = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const wordIn = ({ buffer }: Uint8Array<ArrayBuffer>): number => new Uint32Array(buffer)[0] as number;
