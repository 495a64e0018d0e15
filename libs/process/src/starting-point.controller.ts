import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public, Documented, html, json, text, view, preferredType } from '@postern/http';
import { BUILD } from '@postern/observe';

const startingPointView = view<StartingPoint>('StartingPoint', 'The paths to go on from.', {
  name: text('Postern'),
  version: text('0.1.0'),
  docs: text('/docs'),
  openapi: text('/openapi.json'),
  whoami: text('/v1/whoami'),
  health: text('/health/ready'),
  metrics: text('/metrics'),
});

/** For whoever opens the address without a path. */
@Controller()
@Public()
export class StartingPointController {
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
    if (!prefersPage(request.headers.accept)) return STARTING_POINT;
    void reply.type('text/html; charset=utf-8');
    return STARTING_PAGE;
  }
}

/** What `GET /` answers: where to go from here. */
interface StartingPoint {
  readonly name: string;
  readonly version: string;
  readonly docs: string;
  readonly openapi: string;
  readonly whoami: string;
  readonly health: string;
  readonly metrics: string;
}

const STARTING_POINT: StartingPoint = {
  name: 'Postern',
  version: BUILD.version,
  docs: '/docs',
  openapi: '/openapi.json',
  whoami: '/v1/whoami',
  health: '/health/ready',
  metrics: '/metrics',
};

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

/** A browser names text/html; programs get JSON. */
function prefersPage(accept: string | undefined): boolean {
  return preferredType(accept, ['application/json', 'text/html']) === 'text/html';
}
