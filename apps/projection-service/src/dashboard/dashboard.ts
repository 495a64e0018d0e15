import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { Problem } from '@postern/http';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** From the sources (jest) or from `dist`. */
const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]apps[\\/]projection-service[\\/]src[\\/]dashboard$/, '');
const FILES = join(ROOT, 'dist', 'apps', 'dashboard', 'public');

/** Paths of the dashboard's pages. The supervisor's routes and deploy/nginx have the same list. */
const PAGES = ['/', '/sign-in', '/t/*', '/operator/*', '/help/*'];

/** Public: the pages load all data from the API. */
@Injectable()
export class Dashboard implements OnModuleInit {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost<FastifyAdapter>) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance() as unknown as FastifyInstance;
    for (const path of PAGES) fastify.get(path, (_, reply) => servePage(reply));
    // Not awaited: that would bypass the error handler that Nest adds to Fastify later.
    void fastify.register(fastifyStatic, {
      root: join(FILES, 'assets'),
      prefix: '/assets/',
      // A file's name changes with its content.
      immutable: true,
      maxAge: '365d',
      preCompressed: true,
      index: false,
      decorateReply: false,
      suppressWarning: true,
      setHeaders: (reply) => setPageHeaders(reply),
    });
  }
}

async function servePage(reply: FastifyReply): Promise<string> {
  const nonce = randomBytes(18).toString('base64');
  const page = await readFile(join(FILES, 'index.html'), 'utf8').catch((cause: unknown) => {
    throw new Problem('not-ready', 'The dashboard is not built. Run `npm run build`, and load the page again.', {
      cause,
    });
  });
  setPageHeaders(reply, `'self' 'nonce-${nonce}'`);
  void reply.type('text/html; charset=utf-8');
  return page.replaceAll('__NONCE__', nonce);
}

function setPageHeaders(reply: FastifyReply, styles = "'self'"): void {
  void reply.headers({
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      `style-src ${styles}`,
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
  });
}
