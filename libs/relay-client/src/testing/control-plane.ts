import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { EMPTY_DIGEST, digestToHex, policyDigest, usernameKey, xorDigest } from '@postern/contracts';
import type { DenialReport, LoginReport, RelayPolicy, RelayReply } from '@postern/contracts';

export interface LoginBatch {
  readonly batchId: string;
  readonly logins: LoginReport[];
}
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A control plane for tests: speaks the relay's part of the HTTP contract over a real socket, from policies in memory,
 * and misbehaves on demand. `onSnapshot`, `onStream`, `onDenials` and `onLogins` answer the next requests of their kind instead.
 */
export class TestControlPlane {
  readonly policies = new Map<string, RelayPolicy>();
  readonly received: DenialReport[][] = [];
  /** Each once, however often it came. */
  readonly logins = new Map<string, LoginReport[]>();
  /** Of tenants, where they are not the default: each stream begins with them. */
  readonly replies = new Map<string, RelayReply>();
  readonly resumedFrom: string[] = [];
  /** Every request. */
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  snapshotsServed = 0;
  /** Also after `kill`, so that another can `listen` there. */
  port = 0;
  revision = 0;
  key = 'pst_relay_test_secret';
  /** Whether snapshots send their digest, so that relays trust them without a heartbeat. */
  announcesDigest = true;
  /** Whether a stream sends a heartbeat once it has caught up. */
  greets = true;
  readonly onSnapshot: Handler[] = [];
  readonly onStream: Handler[] = [];
  readonly onDenials: ((batch: DenialReport[], response: ServerResponse) => void)[] = [];
  readonly onLogins: ((batch: LoginBatch, response: ServerResponse) => void)[] = [];

  readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly streams = new Set<ServerResponse>();
  private log: RelayPolicy[] = [];

  constructor() {
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get openStreams(): number {
    return this.streams.size;
  }

  /** Stops at once: open connections break in the middle of whatever they carry. */
  async kill(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  breakStreams(): void {
    for (const stream of this.streams) stream.destroy();
  }

  /** Changes a policy and sends it on open streams; with `silently` it is not sent, so they lose the change. */
  set(policy: RelayPolicy, options: { silently?: boolean } = {}): void {
    const changed = { ...policy, revision: ++this.revision } as RelayPolicy;
    const key = usernameKey(policy.username);
    if (policy.removed) this.policies.delete(key);
    else this.policies.set(key, changed);
    if (options.silently === true) return;
    this.log.push(changed);
    this.send(frame(changed));
  }

  heartbeat(changes: object = {}): void {
    this.send(this.heartbeatFrame({ lagEvents: 0, lagSeconds: 0, ...changes }));
  }

  private heartbeatFrame(changes: object = {}): string {
    const heartbeat = { ...this.totals(), lagEvents: null, lagSeconds: null, ...changes };
    return `event: heartbeat\ndata: ${JSON.stringify(heartbeat)}\n\n`;
  }

  send(text: string): void {
    for (const stream of this.streams) stream.write(text);
  }

  totals(): { revision: number; policies: number; digest: string } {
    const digest = [...this.policies.values()].reduce((sum, each) => xorDigest(sum, policyDigest(each)), EMPTY_DIGEST);
    return { revision: this.revision, policies: this.policies.size, digest: digestToHex(digest) };
  }

  /** The headers and the lines of a whole snapshot. */
  snapshot(): { headers: Record<string, string>; body: string } {
    const { revision, policies, digest } = this.totals();
    const announced = this.announcesDigest ? { 'postern-policies': String(policies), 'postern-digest': digest } : {};
    const body = [...this.policies.values()].map((policy) => `${JSON.stringify(policy)}\n`).join('');
    return {
      headers: { 'content-type': 'application/x-ndjson', 'postern-revision': String(revision), ...announced },
      body,
    };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push({ path: request.url ?? '', headers: request.headers });
    if (request.headers.authorization !== `Bearer ${this.key}`) {
      response.writeHead(401, { 'content-type': 'application/problem+json' }).end('{"code":"api-key-invalid"}');
      return;
    }
    const route = `${request.method} ${request.url}`;
    if (route === 'GET /v1/relay/policies') (this.onSnapshot.shift() ?? this.serveSnapshot)(request, response);
    else if (route === 'GET /v1/relay/policies/stream') (this.onStream.shift() ?? this.serveStream)(request, response);
    else if (route === 'POST /v1/relay/auth-denials') await this.takeDenials(request, response);
    else if (route === 'POST /v1/relay/logins') await this.takeLogins(request, response);
    else response.writeHead(404).end();
  }

  private readonly serveSnapshot: Handler = (_, response) => {
    this.snapshotsServed++;
    const { headers, body } = this.snapshot();
    response.writeHead(200, { ...headers, 'content-encoding': 'gzip' }).end(gzipSync(body));
  };

  private readonly serveStream: Handler = (request, response) => {
    const from = String(request.headers['last-event-id']);
    this.resumedFrom.push(from);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    for (const reply of this.replies.values()) response.write(replyFrame(reply));
    for (const change of this.log) if (change.revision > Number(from)) response.write(frame(change));
    if (this.greets) response.write(this.heartbeatFrame());
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  };

  private async takeDenials(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { denials } = (await json(request)) as { denials: DenialReport[] };
    const instead = this.onDenials.shift();
    if (instead !== undefined) return instead(denials, response);
    this.received.push(denials);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ accepted: denials.length, duplicates: 0, rejected: [] }));
  }

  private async takeLogins(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const batch = (await json(request)) as LoginBatch;
    const instead = this.onLogins.shift();
    if (instead === undefined) this.keepLogins(batch, response);
    else instead(batch, response);
  }

  keepLogins({ batchId, logins }: LoginBatch, response: ServerResponse): void {
    const duplicate = this.logins.has(batchId);
    if (!duplicate) this.logins.set(batchId, logins);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ accepted: duplicate ? 0 : logins.length, duplicate, rejected: 0 }));
  }
}

export function frame(policy: RelayPolicy): string {
  return `id: ${policy.revision}\nevent: policy\ndata: ${JSON.stringify(policy)}\n\n`;
}

export function replyFrame(reply: object): string {
  return `event: reply\ndata: ${JSON.stringify(reply)}\n\n`;
}
