import { digestToHex } from '@postern/contracts';
import { ask } from '../http/control-plane.js';
import type { ControlPlane } from '../http/control-plane.js';
import { Replica } from '../replica/replica.js';
import { lines } from './lines.js';
import { readPolicy } from './read-policy.js';

/** Room is made beforehand for so many policies at most: 60 MB. */
const MOST_EXPECTED = 10_000_000;

/** A snapshot that came to its end and is yet not what the control plane holds. */
export class SnapshotRefused extends Error {
  override readonly name = 'SnapshotRefused';

  constructor(why: string) {
    super(`The snapshot of the relay policies is not taken over: ${why}. The last policies stay in force.`);
  }
}

export interface Snapshot {
  readonly replica: Replica;
  /** Whether the answer told its own digest, and it agreed. Else the first heartbeat has to tell. */
  readonly verified: boolean;
}

/**
 * Takes all policies, into a replica of their own. A transfer that stands still for `idleMs` is given up.
 * @throws SnapshotRefused, PolicyUnreadable, LineTooLong, Refused, UnexpectedAnswer, and what the network throws: a broken transfer is an
 * error, never a short snapshot. One line that can't be read refuses the whole: without it, its user would be unknown.
 */
export async function takeSnapshot(
  plane: ControlPlane,
  options: { idleMs: number; signal: AbortSignal; newReplica: (expectedUsers: number) => Replica },
): Promise<Snapshot> {
  const idle = new AbortController();
  const timer = setTimeout(
    () => idle.abort(new Error(`No byte of the snapshot came in ${options.idleMs} ms.`)),
    options.idleMs,
  );
  try {
    const response = await ask(plane, '/v1/relay/policies', {
      accept: 'application/x-ndjson',
      signal: AbortSignal.any([options.signal, idle.signal]),
    });
    const revision = wholeNumber(response.headers.get('postern-revision'));
    if (revision === null) throw new SnapshotRefused('it came without the header Postern-Revision');
    const announced = wholeNumber(response.headers.get('postern-policies')) ?? 0;
    // Only to have room at once: a number beyond all bounds is left to the comparison at the end.
    const replica = options.newReplica(announced <= MOST_EXPECTED ? announced : 0);
    if (response.body !== null) {
      for await (const line of lines(touching(response.body, timer))) replica.apply(readPolicy(line));
    }
    replica.revision = revision;
    return { replica, verified: verify(replica, response.headers) };
  } finally {
    clearTimeout(timer);
  }
}

/** Passes the chunks on, and starts the timer anew with each. */
async function* touching(chunks: AsyncIterable<Uint8Array>, timer: NodeJS.Timeout): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    timer.refresh();
    yield chunk;
  }
}

/** Compares with `Postern-Policies` and `Postern-Digest`, which a control plane may send with a snapshot. */
function verify(replica: Replica, headers: Headers): boolean {
  const policies = wholeNumber(headers.get('postern-policies'));
  const digest = headers.get('postern-digest');
  if (policies !== null && policies !== replica.policies) {
    throw new SnapshotRefused(`it holds ${replica.policies} policies, not the ${policies} that were announced`);
  }
  if (digest !== null && digest !== digestToHex(replica.digest)) throw new SnapshotRefused('its digest is another');
  return policies !== null && digest !== null;
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : null;
}
