import type { ServerResponse } from 'node:http';
import type { Revision } from '@postern/contracts';
import { EventStream } from '@postern/http';
import type { Relay, RelayStream } from '@postern/process';
import type { StreamLimits } from './stream-limits.js';

/** One relay's open stream. */
export class StreamMember extends EventStream {
  /** Every change of a tenant's reply up to here was written to it; -1: none was. */
  repliesAt = -1;
  /** Has all that the tail has, and is written what the tail reads. */
  joined = false;
  /** Has had its first heartbeat. */
  greeted = false;
  private readonly connectedAt = new Date().toISOString();

  constructor(
    response: ServerResponse,
    limits: StreamLimits,
    keyId: string,
    /** Everything up to here was written to it. */
    public position: Revision,
    private readonly relay: Relay,
  ) {
    super(response, limits, keyId);
  }

  /** For operators; `newest` is the revision that the process has, null where it is not known yet. */
  seen(newest: Revision | null): RelayStream {
    const { relay, connectedAt, silentMs, position: revision } = this;
    const behind = Math.max(0, (newest ?? revision) - revision);
    return { ...relay, denialsWaiting: null, connectedAt, silentMs, revision, behind };
  }
}
