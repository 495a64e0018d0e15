import { Controller, Get, Header, Inject, Global, Module } from '@nestjs/common';
import { z } from 'zod';
import { Public, Documented, json, plainText, Problem } from '@postern/http';
import { BUILD, Readiness, metrics } from '@postern/observe';
import { StartingPointController } from './starting-point.controller.js';

const build = {
  version: z.string().meta({ examples: ['0.1.0'] }),
  commit: z.string().meta({ examples: ['5008bc0c2d1e'] }),
};
const live = z.object({ status: z.literal('live'), ...build });
const ready = z.object({ status: z.literal('ready'), ...build });

/** For load balancers and Prometheus; no key is asked for. */
@Controller()
@Public()
class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('health/live')
  @Documented({ tag: 'Operation', id: 'getLiveness', summary: 'Whether the process runs', answer: json(live) })
  live(): z.infer<typeof live> {
    return { status: 'live', ...BUILD };
  }

  /** 503 `not-ready` names what is missing. */
  @Get('health/ready')
  @Documented({ tag: 'Operation', id: 'getReadiness', summary: 'Whether it can do its work', answer: json(ready) })
  async ready(): Promise<z.infer<typeof ready>> {
    const missing = await this.readiness.missing();
    const names = Object.entries(missing).map(([name, why]) => `${name} (${why})`);
    if (names.length > 0) throw new Problem('not-ready', `Missing: ${names.join('; ')}.`, { extra: { missing } });
    return { status: 'ready', ...BUILD };
  }

  @Get('metrics')
  @Header('content-type', metrics.contentType)
  @Documented({
    tag: 'Operation',
    id: 'getMetrics',
    summary: 'Metrics for Prometheus',
    answer: plainText('Prometheus’s text format.', 'postern_stream_clients 3\n'),
  })
  async metrics(): Promise<string> {
    return metrics.metrics();
  }
}

/** Health and metrics. */
@Global()
@Module({ controllers: [HealthController, StartingPointController], providers: [Readiness], exports: [Readiness] })
export class ObserveModule {}
