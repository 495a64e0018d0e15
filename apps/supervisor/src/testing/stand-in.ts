import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** For tests of what is in front of the services: an HTTP server that is ready, answers as set, and records what it was asked. */
export class StandIn {
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async start(answer: RequestListener = (_, response) => response.end('{}')): Promise<StandIn> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const standIn = new StandIn(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    server.on('request', (request, response) => {
      response.setHeader('x-request-id', 'of-the-service');
      if (request.url === '/health/ready') return void response.end('{"status":"ready"}');
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        standIn.requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
        answer(request, response);
      });
    });
    return standIn;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

export interface Came {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Path and headers are sent as they are given: `fetch` changes the one and refuses some of the others. */
export async function send(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
  body = '',
): Promise<Came> {
  const { hostname, port } = new URL(url);
  const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const sent = httpRequest({ hostname, port, path, method, headers: { ...length, ...headers }, agent: false });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString() };
}
