import { createHash } from 'node:crypto';
import { describe } from '../control-plane.js';
import { Replica } from '../replica/replica.js';
import type { Settings } from '../settings.js';

/** Policies that did not change are saved again so often, so that their age after a restart is about right. */
const UNCHANGED_MS = 3_600_000;

/** Saves policies, and finds them again. A store that fails is reported, and no more. */
export class LastKnownGood {
  private savedAt = Number.NEGATIVE_INFINITY;
  private savedRevision = -1;
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly settings: Settings) {}

  /**
   * What was kept, and how long ago the control plane was heard of; null where there is nothing that can be used. The age
   * at the saving was measured; the time since then is taken from the wall clock. Where that clock is now earlier than at
   * the saving it was set back, and nobody knows the age: it counts as infinite.
   */
  async load(): Promise<{ replica: Replica; contactAgeMs: number } | null> {
    const { lastKnownGood, clock, onProblem } = this.settings;
    try {
      const kept = await lastKnownGood.load();
      if (kept === null) return null;
      const { replica, savedAt, contactAgeMs } = revive(kept, clock);
      const since = clock() - savedAt;
      return { replica, contactAgeMs: since >= 0 ? contactAgeMs + since : Number.POSITIVE_INFINITY };
    } catch (error) {
      onProblem({ code: 'last-known-good-unusable', detail: describe(error) });
      return null;
    }
  }

  /** Saves the policies, unless the last time was just now. One saving at a time. */
  save(replica: Replica, contactAgeMs: number, everyMs: number): void {
    const { lastKnownGood, clock, elapsed, onProblem } = this.settings;
    const now = elapsed();
    const unchanged = replica.revision === this.savedRevision;
    if (now - this.savedAt < (unchanged && everyMs > 0 ? UNCHANGED_MS : everyMs)) return;
    this.savedAt = now;
    this.savedRevision = replica.revision;
    const kept = keep(replica, { savedAt: clock(), contactAgeMs });
    this.saving = this.saving
      .then(() => lastKnownGood.save(kept))
      .catch((error: unknown) => {
        this.savedRevision = -1;
        const detail = `The last known good policies could not be saved: ${describe(error)}`;
        onProblem({ code: 'last-known-good-unusable', detail });
      });
  }

  /** Resolves when nothing is being saved. */
  async idle(): Promise<void> {
    await this.saving;
  }
}

/** What was kept is damaged or of another version of this library. */
export class LastKnownGoodUnusable extends Error {
  override readonly name = 'LastKnownGoodUnusable';

  constructor(why: string) {
    super(`The last known good policies are not used: ${why}. The relay defers until it reaches the control plane.`);
  }
}

/**
 * A header of five 64-bit words, the replica's records, and a SHA-256 over every byte before it. Records are in the byte
 * order of the machine; the header's first word, the format, is too, so that another machine's file is not read.
 */
const FORMAT = 0x504f_5354_0004;
const HEADER_BYTES = 40;
const CHECKSUM_BYTES = 32;

/** When the policies were kept, and how long ago the control plane was last heard of then. */
export interface KeptAge {
  /** By the wall clock; milliseconds since 1970. */
  readonly savedAt: number;
  readonly contactAgeMs: number;
}

/** Copies a replica at one go: nothing is decided meanwhile. */
export function keep(replica: Replica, { savedAt, contactAgeMs }: KeptAge): Uint8Array {
  let words = 0;
  for (const record of replica.records()) words += record.length;
  const kept = new Uint8Array(HEADER_BYTES + 4 * words + CHECKSUM_BYTES);
  new Float64Array(kept.buffer, 0, 5).set([FORMAT, replica.revision, replica.policies, savedAt, contactAgeMs]);
  const records = new Uint32Array(kept.buffer, HEADER_BYTES, words);
  let at = 0;
  for (const record of replica.records()) {
    records.set(record, at);
    at += record.length;
  }
  kept.set(checksum(kept), kept.length - CHECKSUM_BYTES);
  return kept;
}

/** Makes a replica of what was kept. @throws LastKnownGoodUnusable if a bit of it is not as it was. */
export function revive(kept: Uint8Array, clock: () => number): KeptAge & { replica: Replica } {
  // A copy: a view of a larger buffer need not begin at a multiple of eight.
  const bytes = Uint8Array.from(kept);
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < HEADER_BYTES || (end - HEADER_BYTES) % 4 !== 0) throw new LastKnownGoodUnusable('they are cut off');
  if (!checksum(bytes).equals(bytes.subarray(end))) throw new LastKnownGoodUnusable('they are damaged');
  const [format, revision = 0, policies = 0, savedAt = 0, contactAgeMs = 0] = new Float64Array(bytes.buffer, 0, 5);
  if (format !== FORMAT) throw new LastKnownGoodUnusable('they are of another version, or from another machine');
  const replica = new Replica({ clock, expectedUsers: policies });
  if (!replica.restoreAll(new Uint32Array(bytes.buffer, HEADER_BYTES, (end - HEADER_BYTES) / 4))) {
    throw new LastKnownGoodUnusable('a record in them is damaged');
  }
  replica.revision = revision;
  return { replica, savedAt, contactAgeMs };
}

function checksum(kept: Uint8Array): Buffer {
  return createHash('sha256')
    .update(kept.subarray(0, kept.length - CHECKSUM_BYTES))
    .digest();
}
