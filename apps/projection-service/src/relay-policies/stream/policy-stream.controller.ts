import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { Allow, Documented, principalOf, rawResponse, RELAY_HEADERS, serverSentEvents } from '@postern/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Revision } from '@postern/contracts';
import { CallingRelay, type Relay } from '@postern/process';
import { heartbeatView, relayPolicyView, relayReplyView, resetView } from '../policy-views.js';
import { PolicyStream } from './policy-stream.js';
import type { ResetReason } from './frame-pages.js';

@Controller()
export class PolicyStreamController {
  constructor(@Inject(PolicyStream) private readonly stream: PolicyStream) {}

  @Get('v1/relay/policies/stream')
  @Allow('relay')
  @Documented({
    tag: 'Relays',
    summary: 'The changes of the policies after a revision, as they happen',
    description: 'Without `Last-Event-ID`, it begins with `reset`.',
    takes: ['Last-Event-ID', ...RELAY_HEADERS],
    query: {
      lastEventId: {
        description: 'For clients that cannot set Last-Event-ID.',
        schema: { type: 'string', examples: ['4711'] },
      },
    },
    answer: serverSentEvents(
      { policy: relayPolicyView, heartbeat: heartbeatView, reply: relayReplyView, reset: resetView },
      'event: heartbeat\ndata: {"revision":4711,"policies":1200,"digest":"9f86d081884c7d65"}\n\n',
    ),
    responseHeaders: ['Cache-Control', 'X-Accel-Buffering'],
  })
  async followPolicies(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Query('lastEventId') lastEventId: unknown,
    @CallingRelay() relay: Relay,
  ): Promise<void> {
    if (request.method === 'HEAD') return void reply.type('text/event-stream').send();
    const from = resumeFrom(request.headers['last-event-id'], lastEventId);
    const response = rawResponse(reply);
    if ('reset' in from) this.stream.reset(response, from.reset, relay);
    else await this.stream.serve(response, principalOf(request), from.revision, relay);
    // From here on the stream owns the answer, not Fastify.
    reply.hijack();
  }
}

const WHOLE_NUMBER = /^(0|[1-9]\d{0,15})$/;

/** `Last-Event-ID`, or `?lastEventId=` for clients that cannot set the header. Without one the relay is reset. */
function resumeFrom(
  header: string | string[] | undefined,
  query: unknown,
): { readonly revision: Revision } | { readonly reset: ResetReason } {
  const given = header ?? query;
  if (given === undefined || given === '') return { reset: 'last-event-id-missing' };
  if (typeof given !== 'string' || !WHOLE_NUMBER.test(given) || !Number.isSafeInteger(Number(given))) {
    return { reset: 'last-event-id-malformed' };
  }
  return { revision: Number(given) as Revision };
}
