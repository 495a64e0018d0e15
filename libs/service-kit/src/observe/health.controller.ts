import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/access.guard.js';
import { Problem } from '../problem/problem.js';
import { Readiness } from './health.js';
import { metrics } from './metrics.js';

/** For load balancers and Prometheus; no key is asked for. */
@Controller()
@Public()
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('health/live')
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  /** 503 `not-ready` names what is missing. */
  @Get('health/ready')
  async ready(): Promise<{ status: 'ready' }> {
    const missing = await this.readiness.missing();
    const names = Object.entries(missing).map(([name, why]) => `${name} (${why})`);
    if (names.length > 0) throw new Problem('not-ready', `Missing: ${names.join('; ')}.`, { extra: { missing } });
    return { status: 'ready' };
  }

  @Get('metrics')
  @Header('content-type', metrics.contentType)
  async metrics(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.header('cache-control', 'no-store');
    return metrics.metrics();
  }
}
