import type { ServerResponse } from 'node:http';
import { EventStream } from '@postern/http';
import type { Relay, RelayStream } from '@postern/process';
import type { StreamLimits } from './stream-limits.js';

export class StreamMember extends EventStream {
  /** Changes of tenants' replies are written up to here; -1: none. */
  repliesAt = -1;
  joined = false;
  greeted = false;
  private readonly connectedAt = new Date().toISOString();

  /** @param position changes of policies are written up to here */
  constructor(
    response: ServerResponse,
    limits: StreamLimits,
    keyId: string,
    public position: number,
    private readonly relay: Relay,
  ) {
    super(response, limits, keyId);
  }

  /** For operators. `newest` is the revision of the process; null if not known yet. */
  seen(newest: number | null): RelayStream {
    const { relay, connectedAt, silentMs, position: revision } = this;
    const behind = Math.max(0, (newest ?? revision) - revision);
    return { ...relay, denialsWaiting: null, connectedAt, silentMs, revision, behind };
  }
}
