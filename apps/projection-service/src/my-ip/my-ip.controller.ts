import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { Problem, Public, SETTINGS, callerAddress, type RuntimeSettings } from '@postern/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';

@Controller()
export class MyIpController {
  constructor(@Inject(SETTINGS) private readonly settings: RuntimeSettings) {}

  /** The caller's source address, for whoever sets up a restriction: JSON, or the bare address as text/plain. */
  @Get('v1/my-ip')
  @Public()
  myIp(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): unknown {
    const ip = callerAddress(request, this.settings.trustedProxies);
    if (ip === null) throw new Problem('internal-error', 'This connection has no source address, as on a unix socket.');
    void reply.header('cache-control', 'no-store').header('vary', 'accept');
    if (prefersText(request.headers.accept ?? '')) {
      void reply.type('text/plain; charset=utf-8');
      return ip;
    }
    return { ip, family: ip.includes(':') ? 'IPv6' : 'IPv4' };
  }
}

/** Whether text/plain is named before JSON and before anything; `curl` and browsers name neither, and get JSON. */
function prefersText(accept: string): boolean {
  const types = accept.split(',').map((type) => type.split(';')[0]?.trim().toLowerCase() ?? '');
  const text = types.findIndex((type) => type === 'text/plain' || type === 'text/*');
  const json = types.findIndex((type) => type === 'application/json' || type === 'application/*');
  return text !== -1 && (json === -1 || text < json);
}
