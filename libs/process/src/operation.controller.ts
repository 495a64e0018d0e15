import { Controller, Get, Global, Header, Inject, Module } from '@nestjs/common';
import { Documented, json, plainText, Problem, Public } from '@postern/http';
import { BUILD, metrics, Readiness } from '@postern/observe';
import { z } from 'zod';
import { Presence } from './presence/presence.js';
import { RelayContacts } from './presence/relay-contacts.js';

const build = {
  version: z.string().meta({ examples: ['0.1.0'] }),
  commit: z.string().meta({ examples: ['5008bc0c2d1e'] }),
};
const live = z.object({ status: z.literal('live'), ...build });
const ready = z.object({ status: z.literal('ready'), ...build });

@Controller()
@Public()
class OperationController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('health/live')
  @Documented({ tag: 'Operation', summary: 'Whether the process runs', answer: json(live) })
  getLiveness(): z.infer<typeof live> {
    return { status: 'live', ...BUILD };
  }

  @Get('health/ready')
  @Documented({ tag: 'Operation', summary: 'Whether the process is ready to answer requests', answer: json(ready) })
  async getReadiness(): Promise<z.infer<typeof ready>> {
    const missing = await this.readiness.missing();
    const names = Object.entries(missing).map(([name, why]) => `${name} (${why})`);
    if (names.length > 0) throw new Problem('not-ready', `Missing: ${names.join('; ')}.`, { extra: { missing } });
    return { status: 'ready', ...BUILD };
  }

  @Get('metrics')
  @Header('content-type', metrics.contentType)
  @Documented({
    tag: 'Operation',
    summary: 'Metrics for Prometheus',
    answer: plainText('Prometheus’s text format.', 'postern_stream_clients 3\n'),
  })
  async getMetrics(): Promise<string> {
    return metrics.metrics();
  }
}

@Global()
@Module({
  controllers: [OperationController],
  providers: [Readiness, RelayContacts, Presence],
  exports: [Readiness, RelayContacts],
})
export class ObserveModule {}
