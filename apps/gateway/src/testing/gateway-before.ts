import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadSettings } from '@postern/settings';
import { type Running } from '@postern/process';
import type { UpstreamUrls } from '../gateway-settings.js';
import { startGateway } from '../gateway.js';

/** For tests: an HTTP server in a service's place, which answers as it is told, and keeps what it was asked. */
export class Service {
  readonly asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  /** It is ready. What comes below /v1 is answered by `answer`. */
  static async start(answer: RequestListener, port = 0): Promise<Service> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    const service = new Service(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    server.on('request', (request, response) => {
      if (request.url === '/health/ready') {
        response.end('{"status":"ready"}');
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        service.asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
        answer(request, response);
      });
    });
    return service;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/** A gateway before these; all requests of a test go to the command-service or the projection-service. */
export function gatewayBefore(urls: Partial<UpstreamUrls>, environment: NodeJS.ProcessEnv = {}): Promise<Running> {
  // Port 9 is `discard`, where nobody listens.
  const none = ['http://127.0.0.1:9'];
  return startGateway(loadSettings({ POSTERN_HTTP_PORT: '0', POSTERN_LOG_LEVEL: 'silent', ...environment }), {
    'command-service': none,
    'projection-service': none,
    'audit-trail-service': none,
    ...urls,
  });
}
