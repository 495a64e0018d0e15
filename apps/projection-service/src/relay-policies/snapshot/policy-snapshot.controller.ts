import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Controller, Get, Inject, Logger, Req, Res } from '@nestjs/common';
import { digestToHex } from '@postern/contracts';
import { Allow, Documented, ndjson, principalOf } from '@postern/http';
import { KeyWatch } from '@postern/access';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import type { PolicyTotals } from '../published-policies.js';
import { relayPolicyView } from '../policy-views.js';
import { STREAM_LIMITS, type StreamLimits } from '../stream/stream-limits.js';
import { PolicySnapshots } from './policy-snapshots.js';

/** Enough for a million policies over a slow line. A slower reader is dropped, and tries again. */
export const SNAPSHOT_DEADLINE_MS = 600_000;

@Controller()
export class PolicySnapshotController {
  private readonly logger = new Logger('relay-policies');

  constructor(
    @Inject(PolicySnapshots) private readonly snapshots: PolicySnapshots,
    @Inject(KeyWatch) private readonly keys: KeyWatch,
    @Inject(STREAM_LIMITS) private readonly limits: StreamLimits,
  ) {}

  @Get('v1/relay/policies')
  @Allow('relay')
  @Documented({
    tag: 'Relays',
    summary: 'All policies that are not removed, one line for each',
    takes: ['Accept-Encoding'],
    answer: ndjson(relayPolicyView),
    responseHeaders: ['Postern-Revision', 'Postern-Policies', 'Postern-Digest', 'Vary', 'Content-Encoding'],
  })
  async getPolicySnapshot(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (request.method === 'HEAD') {
      void reply.headers(headersOf(await this.snapshots.totals()));
      return void reply.send();
    }
    const snapshot = await this.snapshots.open();
    if (reply.raw.destroyed) return snapshot.close();
    void reply.headers(headersOf(snapshot.totals));
    const limits = { stalledMs: this.limits.stalledMs, totalMs: SNAPSHOT_DEADLINE_MS };
    const chunks = whileRead(snapshot.chunks, limits, () => {
      this.logger.warn({ msg: 'a relay reads its snapshot too slowly and is dropped', requestId: request.id });
      reply.raw.destroy();
    });
    const compressed = Readable.from(chunks, { objectMode: false });
    const endWatch = this.keys.watch(principalOf(request), () => {
      this.logger.log({ msg: 'the key of a snapshot was revoked', requestId: request.id });
      // A reset makes the kernel drop its buffers for this reader.
      reply.raw.socket?.resetAndDestroy();
    });
    // Also when all lines wait for the reader.
    reply.raw.once('close', endWatch);
    compressed.once('close', () => snapshot.close());
    if (new Negotiator(request.raw).encoding(['gzip']) === 'gzip') {
      void reply.header('content-encoding', 'gzip').send(compressed);
      return;
    }
    // An error on either side ends both. Fastify then breaks the answer off, so that it does not look complete.
    void reply.send(pipeline(compressed, createGunzip(), () => undefined));
  }
}

function headersOf({ revision, policies, digest }: PolicyTotals): Record<string, string> {
  return {
    'content-type': 'application/x-ndjson; charset=utf-8',
    vary: 'accept-encoding',
    'postern-revision': String(revision),
    'postern-policies': String(policies),
    'postern-digest': digestToHex(digest),
  };
}

/** A slow reader keeps the snapshot in memory: calls `onStalled` after `stalledMs` for one chunk, or `totalMs` for all. */
async function* whileRead(
  chunks: AsyncIterable<Buffer>,
  limits: { readonly stalledMs: number; readonly totalMs: number },
  onStalled: () => void,
): AsyncGenerator<Buffer> {
  const total = setTimeout(onStalled, limits.totalMs);
  let stalled: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of chunks) {
      stalled = setTimeout(onStalled, limits.stalledMs);
      yield chunk;
      clearTimeout(stalled);
    }
  } finally {
    clearTimeout(total);
    clearTimeout(stalled);
  }
}
