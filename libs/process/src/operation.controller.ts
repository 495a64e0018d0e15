import { Controller, Get, Global, Header, Inject, Module, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Documented, html, json, plainText, preferredType, Problem, Public, text, view } from '@postern/http';
import { BUILD, metrics, Readiness } from '@postern/observe';
import { z } from 'zod';

const build = {
  version: z.string().meta({ examples: ['0.1.0'] }),
  commit: z.string().meta({ examples: ['5008bc0c2d1e'] }),
};
const live = z.object({ status: z.literal('live'), ...build });
const ready = z.object({ status: z.literal('ready'), ...build });

/** What `GET /` answers. */
const STARTING_POINT = {
  name: 'Postern',
  version: BUILD.version,
  docs: '/docs',
  openapi: '/openapi.json',
  whoami: '/v1/whoami',
  health: '/health/ready',
  metrics: '/metrics',
} as const;
type StartingPoint = { readonly [Key in keyof typeof STARTING_POINT]: string };
const startingPointView = view<StartingPoint>(
  'StartingPoint',
  'The paths to go on from.',
  Object.fromEntries(Object.entries(STARTING_POINT).map(([name, value]) => [name, text(value)])) as {
    [Key in keyof StartingPoint]: z.ZodType<string>;
  },
);

/** For whoever opens the address without a path, for load balancers and for Prometheus; no key is needed. */
@Controller()
@Public()
class OperationController {
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

  @Get('/')
  @Documented({
    tag: 'Operation',
    id: 'getStartingPoint',
    summary: 'Where to go from here',
    answer: [json(startingPointView), html('The same as a small page.')],
    tells: ['Vary', 'Content-Security-Policy'],
  })
  startingPoint(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): StartingPoint | string {
    void reply.header('vary', 'accept').header('content-security-policy', STARTING_PAGE_POLICY);
    // A browser names text/html; programs get JSON.
    const wanted = preferredType(request.headers.accept, ['application/json', 'text/html']);
    if (wanted === 'application/json') return STARTING_POINT;
    void reply.type('text/html; charset=utf-8');
    return STARTING_PAGE;
  }
}

const STARTING_PAGE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STARTING_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Postern</title>
<h1>Postern ${BUILD.version}</h1>
<p>Source-address allow lists for SMTP users.</p>
<ul>
<li><a href="/docs">The API, to read and try</a></li>
<li><a href="/openapi.json">Its OpenAPI document</a></li>
<li><a href="/health/ready">Whether it is ready</a></li>
</ul>
</html>
`;

/** The starting point, health and metrics. */
@Global()
@Module({ controllers: [OperationController], providers: [Readiness], exports: [Readiness] })
export class ObserveModule {}
