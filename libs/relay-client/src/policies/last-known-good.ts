import { digestToHex } from '@postern/contracts';
import { Replica } from '../replica/replica.js';

/** The policies of one moment, in a form to be kept on disk: what a relay decides by when it starts without the control plane. */
export interface LastKnownGood {
  readonly revision: number;
  readonly policies: number;
  /** 16 hex digits: the sum over `records` must agree, or the whole is unusable. */
  readonly digest: string;
  /** When the control plane was last heard of; milliseconds since 1970. */
  readonly lastContactAt: number;
  /** The replica's records one after the other: opaque, in the byte order of this machine, valid for `format` alone. */
  readonly records: Uint8Array;
  readonly format: 1;
}

/** Where the last known good policies are kept. */
export interface LastKnownGoodStore {
  /** Null: there are none. */
  load(): Promise<LastKnownGood | null>;
  /** Replaces what was there, all or nothing. */
  save(policies: LastKnownGood): Promise<void>;
}

/** Keeps them for as long as the process lives: the default. */
export class InMemoryLastKnownGoodStore implements LastKnownGoodStore {
  private kept: LastKnownGood | null = null;

  async load(): Promise<LastKnownGood | null> {
    return this.kept;
  }

  async save(policies: LastKnownGood): Promise<void> {
    this.kept = policies;
  }
}

/** What was kept is damaged or of another version of this library. */
export class LastKnownGoodUnusable extends Error {
  override readonly name = 'LastKnownGoodUnusable';

  constructor(why: string) {
    super(`The last known good policies are not used: ${why}. The relay defers until it reaches the control plane.`);
  }
}

/** Copies a replica at one go: nothing is decided meanwhile. */
export function keep(replica: Replica, lastContactAt: number): LastKnownGood {
  let words = 0;
  for (const record of replica.records()) words += record.length;
  const copy = new Uint32Array(words);
  let at = 0;
  for (const record of replica.records()) {
    copy.set(record, at);
    at += record.length;
  }
  return {
    format: 1,
    revision: replica.revision,
    policies: replica.policies,
    digest: digestToHex(replica.digest),
    lastContactAt,
    records: new Uint8Array(copy.buffer),
  };
}

/**
 * Makes a replica of what was kept.
 * @throws LastKnownGoodUnusable if a byte of it is not as it was.
 */
export function revive(kept: LastKnownGood, newReplica: (expectedUsers: number) => Replica): Replica {
  if (kept.format !== 1) throw new LastKnownGoodUnusable(`their format is ${String(kept.format)}, not 1`);
  if (kept.records.byteLength % 4 !== 0) throw new LastKnownGoodUnusable('they are cut off');
  const words = new Uint32Array(Uint8Array.from(kept.records).buffer);
  const replica = newReplica(kept.policies);
  if (!replica.restoreAll(words)) throw new LastKnownGoodUnusable('a record in them is damaged');
  if (replica.policies !== kept.policies) throw new LastKnownGoodUnusable('their number is another');
  if (digestToHex(replica.digest) !== kept.digest) throw new LastKnownGoodUnusable('their digest is another');
  replica.revision = kept.revision;
  return replica;
}
