import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { Allow, Documented, oneOfSoFar, principalOf, rawResponse, serverSentEvents, time, view } from '@postern/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { denials } from '../denials/list-denials.js';
import { InPath, type TenantScope } from '../scope.js';
import { DenialStreams } from './denial-streams.js';
import { RESET_REASONS } from './stream-position.js';

const heartbeat = view('DenialHeartbeat', 'Every 5 seconds: all denials so far were sent.', {
  at: time('2026-11-02T09:30:00.000Z'),
});
const reset = view(
  'DenialReset',
  'The stream cannot resume, so it starts from now. Denials may be missing: read the list again.',
  {
    reason: oneOfSoFar(RESET_REASONS),
  },
);
const documentation = {
  tag: 'Audit trail',
  description:
    'Server-sent events. A `denial` event has the same members as an item of the list, and is sent as soon as the denial is recorded. Every event has an `id`. Send it as `Last-Event-ID` within an hour, and the stream resumes without loss or repeat. Without it, the stream starts from now.',
  takes: ['Last-Event-ID'],
  answer: serverSentEvents(
    { denial: denials.item, heartbeat, reset },
    'event: heartbeat\nid: 4711-1-1793000000\ndata: {"at":"2026-11-02T09:30:00.000Z"}\n\n',
  ),
  responseHeaders: ['Cache-Control', 'X-Accel-Buffering'],
  problems: ['too-many-requests'],
} as const;

@Controller('v1/tenants/:tenantId')
@Allow('admin', 'auditor', 'operator')
export class DenialStreamController {
  constructor(@Inject(DenialStreams) private readonly streams: DenialStreams) {}

  @Get('denials/stream')
  @Documented({ summary: 'The denials of a tenant, as they are recorded', ...documentation })
  followDenials(@InPath() scope: TenantScope, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.follow(scope, request, reply);
  }

  @Get('smtp-users/:smtpUserId/denials/stream')
  @Documented({ summary: 'The denials of an SMTP user, as they are recorded', ...documentation })
  followSmtpUserDenials(@InPath() scope: TenantScope, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.follow(scope, request, reply);
  }

  private async follow(scope: TenantScope, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (request.method === 'HEAD') return void reply.type('text/event-stream').send();
    const lastEventId = request.headers['last-event-id'];
    await this.streams.serve(rawResponse(reply), principalOf(request), scope, lastEventId?.toString());
    // From here on the stream owns the answer, not Fastify.
    reply.hijack();
  }
}
