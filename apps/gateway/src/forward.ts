import type { BlockList } from 'node:net';
import type { Readable } from 'node:stream';
import { callerAddress, Problem } from '@postern/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EventStreams } from './event-streams.js';
import { failureOf, mayAskAnother, type Failure } from './failures.js';
import { requestHeaders, withoutHops } from './forwarded-headers.js';
import { failures } from './gateway-metrics.js';
import type { Instance } from './instance.js';
import type { Instances } from './instances.js';
import type { Service } from './routes.js';

/** Brings requests to an instance of their service, and to another one where that can't do harm. */
export class Forwarder {
  readonly streams = new EventStreams();

  constructor(
    private readonly instances: Instances,
    private readonly trusted: BlockList,
    /** Answers a problem, as every process does. */
    private readonly refuse: (problem: Problem, request: FastifyRequest, reply: FastifyReply) => void,
  ) {}

  forward(service: Service, request: FastifyRequest, reply: FastifyReply): void {
    this.#tryNext(service, request, reply, new Set());
  }

  #tryNext(service: Service, request: FastifyRequest, reply: FastifyReply, tried: Set<Instance>): void {
    const instance = this.instances.pick(service, tried);
    if (!instance) {
      this.refuse(unreachable(service), request, reply);
      return;
    }
    tried.add(instance);
    const done = countOpen(instance, reply);
    const next = () => this.#tryNext(service, request, reply, tried);
    const body = Buffer.isBuffer(request.body) && request.body.length > 0 ? request.body : undefined;
    reply.from(undefined, {
      getUpstream: () => instance.url,
      ...(body ? { body, contentType: request.headers['content-type'] ?? 'application/octet-stream' } : {}),
      rewriteRequestHeaders: (_, headers) =>
        requestHeaders(headers, {
          method: request.method,
          client: callerAddress(request, this.trusted),
          requestId: request.id,
        }),
      rewriteHeaders: (headers) => withoutHops(headers),
      // It would ask an instance that says 503 up to ten times again by itself.
      retryDelay: () => null,
      onResponse: (_, __, answer) => {
        // What it hands over is undici's answer: its own type names the body alone.
        const { stream, headers, statusCode } = answer as unknown as UpstreamAnswer;
        if (isClosing(statusCode, headers)) {
          failures.inc({ service, failure: 'closing' });
          instance.failed('it is stopping');
          for (const name of Object.keys(headers)) reply.removeHeader(name);
          stream.resume();
          done();
          next();
          return;
        }
        if (isEventStream(headers)) this.streams.add(reply.raw, stream);
        void reply.send(stream);
      },
      onError: (_, { error }) => {
        const { failure, code } = failureOf(error);
        failures.inc({ service, failure });
        instance.failed(code);
        done();
        if (mayAskAnother(failure, request.method)) next();
        else this.refuse(unanswered(service, failure), request, reply);
      },
    });
  }
}

interface UpstreamAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly stream: Readable;
}

/** Counts a request for as long as it lasts; what is returned ends that early. */
function countOpen(instance: Instance, reply: FastifyReply): () => void {
  let counted = true;
  instance.open += 1;
  const done = () => {
    if (counted) instance.open -= 1;
    counted = false;
  };
  reply.raw.once('close', done);
  return done;
}

/** Fastify's own answer while it closes, before any handler: a service's own 503 is a problem+json. */
function isClosing(statusCode: number, headers: UpstreamAnswer['headers']): boolean {
  return statusCode === 503 && String(headers['content-type']).startsWith('application/json');
}

function isEventStream(headers: UpstreamAnswer['headers']): boolean {
  return String(headers['content-type']).startsWith('text/event-stream');
}

const SHORTLY = { headers: { 'retry-after': '1' } };

function unreachable(service: Service): Problem {
  return new Problem('not-ready', `No instance of the ${service} can be reached. Send it again shortly.`, SHORTLY);
}

function unanswered(service: Service, failure: Failure): Problem {
  const what = failure === 'too-late' ? 'did not answer in time' : 'broke off before it answered';
  const detail = `The ${service} ${what}; whether the request was carried out is not known. Send it again with the same Idempotency-Key.`;
  return new Problem('not-ready', detail, SHORTLY);
}
