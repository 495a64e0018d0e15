import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { digestToHex } from '@postern/contracts';
import type { ControlPlane } from '../control-plane.js';
import { Replica } from '../replica/replica.js';
import type { ProblemCode } from '../status.js';

/** A policy with 1,000 entries has about 80 KB. */
export const MAX_LINE_BYTES = 1024 * 1024;
/** Memory is reserved for at most this many policies: a gigabyte of address space, used as it fills. */
const MOST_EXPECTED = 10_000_000;
const IDLE_MS = 30_000;
/** About 700 lines. Decisions wait for a millisecond at most, while another thread decompresses the next chunk. */
const CHUNK_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
  readonly problem: ProblemCode = 'policy-unreadable';

  constructor() {
    super(`The control plane sent a line of more than ${MAX_LINE_BYTES} bytes; no relay policy is as long.`);
  }
}

class SnapshotRefused extends Error {
  override readonly name = 'SnapshotRefused';
  readonly problem: ProblemCode = 'snapshot-refused';

  constructor(why: string) {
    super(`The snapshot of the relay policies is not used: ${why}. The last policies stay in use.`);
  }
}

export interface Snapshot {
  readonly replica: Replica;
  /** The answer announced a digest, and it was equal. Otherwise the first heartbeat confirms the snapshot. */
  readonly verified: boolean;
}

/** @throws SnapshotRefused, PolicyUnreadable, LineTooLong, the errors of `ask`. One unreadable line rejects the snapshot: its user would be unknown. */
export async function takeSnapshot(plane: ControlPlane, clock: () => number, signal: AbortSignal): Promise<Snapshot> {
  const question = {
    accept: 'application/x-ndjson',
    headers: { 'accept-encoding': 'gzip' },
    idleMs: IDLE_MS,
    signal,
  };
  return plane.ask('/v1/relay/policies', question, (response) => readSnapshot(response, clock));
}

async function readSnapshot(response: IncomingMessage, clock: () => number): Promise<Snapshot> {
  try {
    const { headers } = response;
    const revision = wholeNumber(headers['postern-revision']);
    if (revision === null) throw new SnapshotRefused('it has no header Postern-Revision');
    const announced = wholeNumber(headers['postern-policies']) ?? 0;
    // The number only reserves memory. `verify` compares it at the end.
    const replica = new Replica({ clock, expectedUsers: announced <= MOST_EXPECTED ? announced : 0 });
    const compressed = headers['content-encoding'] === 'gzip';
    const body = compressed ? pipeline(response, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined) : response;
    await applyLines(replica, body as AsyncIterable<Buffer>);
    replica.revision = revision;
    return { replica, verified: verify(replica, headers) };
  } finally {
    response.destroy();
  }
}

async function applyLines(replica: Replica, chunks: AsyncIterable<Buffer>): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const first = chunk.indexOf(LINE_FEED) + 1;
    rest = Buffer.concat([rest, first === 0 ? chunk : chunk.subarray(0, first)]);
    if (rest.length > MAX_LINE_BYTES) throw new LineTooLong();
    if (first === 0) continue;
    const last = chunk.lastIndexOf(LINE_FEED) + 1;
    applyAll(replica, rest);
    applyAll(replica, chunk.subarray(first, last));
    rest = chunk.subarray(last);
  }
  applyAll(replica, Buffer.concat([rest, Buffer.of(LINE_FEED)]));
}

function applyAll(replica: Replica, lines: Buffer): void {
  for (let at = 0; at < lines.length;) at = lines[at] === LINE_FEED ? at + 1 : replica.apply(lines, at);
}

function verify(replica: Replica, headers: IncomingHttpHeaders): boolean {
  const policies = wholeNumber(headers['postern-policies']);
  const digest = headers['postern-digest'];
  if (policies !== null && policies !== replica.policies) {
    throw new SnapshotRefused(`it has ${replica.policies} policies, not the announced ${policies}`);
  }
  if (digest !== undefined && digest !== digestToHex(replica.digest)) throw new SnapshotRefused('its digest is wrong');
  return policies !== null && digest !== undefined;
}

function wholeNumber(text: string | string[] | undefined): number | null {
  return typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : null;
}
