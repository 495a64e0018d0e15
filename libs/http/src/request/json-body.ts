import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { hasDuplicateMembers, hasMoreMembers, MAX_DEPTH } from '@postern/contracts';
import { Problem } from '../problem/problem.js';
import { SERVER_LIMITS } from './server-limits.js';

/** Any other body than JSON in UTF-8 gets 415, unread. JSON's header without a body is accepted: clients send it on DELETE. */
export function takeOnlyJson(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addHook('preParsing', async (request) => checkEncodings(request));
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else if (!isUtf8(body as Buffer)) done(notJson('it has bytes that are not UTF-8'), undefined);
    else {
      const text = body.toString();
      if (hasMoreMembers(text, SERVER_LIMITS.bodyMembers)) done(tooManyMembers(), undefined);
      else void parse(request, text, (error, parsed) => done(error ?? complaint(text, parsed), parsed));
    }
  });
}

function checkEncodings({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8')
    throw new Problem('media-type-unsupported', 'Send the JSON in UTF-8: Content-Type: application/json.');
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity')
    throw new Problem('media-type-unsupported', 'Send the body without a Content-Encoding.');
}

function complaint(text: string, value: unknown): Problem | null {
  const duplicates = hasDuplicateMembers(text, value);
  if (duplicates === null) return notJson(`it is nested deeper than ${MAX_DEPTH}`);
  return duplicates ? notJson('an object has two members of the same name') : null;
}

function tooManyMembers(): Problem {
  const most = SERVER_LIMITS.bodyMembers.toLocaleString('en-US');
  return new Problem('body-too-large', `A body may have ${most} members and elements in total. Send fewer at a time.`);
}

function notJson(why: string): Problem {
  return new Problem('body-not-json', `The body cannot be read as JSON: ${why}.`);
}

export function hasBody({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
