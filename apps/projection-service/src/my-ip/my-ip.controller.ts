import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { callerAddress, Documented, json, plainText, preferredType, Problem, Public, text, view } from '@postern/http';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

const myIpView = view('MyIp', 'The caller’s source address.', {
  ip: text('203.0.113.9'),
  family: z.enum(['IPv4', 'IPv6']),
});
export type MyIp = z.infer<typeof myIpView>;

const OFFERS = ['application/json', 'text/plain;charset=utf-8'] as const;

@Controller()
export class MyIpController {
  constructor(@Inject(SETTINGS) private readonly settings: RuntimeSettings) {}

  @Get('v1/my-ip')
  @Public()
  @Documented({
    tag: 'Yourself',
    summary: 'Your own source address',
    answer: [json(myIpView), plainText('The bare address.', '203.0.113.9')],
    responseHeaders: ['Vary'],
  })
  getMyIp(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): MyIp | string {
    const ip = callerAddress(request, this.settings.trustedProxies);
    if (ip === null)
      throw new Problem(
        'request-malformed',
        'This connection no longer has a source address. Send the request over TCP, and wait for the answer.',
      );
    void reply.header('vary', 'accept');
    if (preferredType(request.headers.accept, OFFERS) === OFFERS[1]) {
      void reply.type('text/plain; charset=utf-8');
      return ip;
    }
    return { ip, family: ip.includes(':') ? 'IPv6' : 'IPv4' };
  }
}
