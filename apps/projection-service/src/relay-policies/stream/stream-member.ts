import type { ServerResponse } from 'node:http';
import type { Revision } from '@postern/contracts';
import { EventStream } from '@postern/http';
import type { StreamLimits } from './stream-limits.js';

/** One relay's open stream. */
export class StreamMember extends EventStream {
  /** Every change of a tenant's reply up to here was written to it; -1: none was. */
  repliesAt = -1;
  /** Has all that the tail has, and is written what the tail reads. */
  joined = false;
  /** Has had its first heartbeat. */
  greeted = false;

  constructor(
    response: ServerResponse,
    limits: StreamLimits,
    keyId: string,
    /** Everything up to here was written to it. */
    public position: Revision,
  ) {
    super(response, limits, keyId);
  }
}
