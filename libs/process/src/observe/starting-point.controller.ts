import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public, Documented, html, json, text, view } from '@postern/http';
import {
  prefersPage,
  STARTING_PAGE,
  STARTING_PAGE_POLICY,
  STARTING_POINT,
  type StartingPoint,
} from './starting-point.js';

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
