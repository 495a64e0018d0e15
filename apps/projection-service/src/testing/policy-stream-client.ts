import type { Heartbeat, RelayPolicy, RelayReply } from '@postern/contracts';
import { until } from '@postern/testing';

/** For tests: an event of the policy stream. */
export type StreamEvent =
  | { readonly event: 'policy'; readonly id: number; readonly policy: RelayPolicy }
  | { readonly event: 'heartbeat'; readonly heartbeat: Heartbeat }
  | { readonly event: 'reply'; readonly reply: RelayReply }
  | { readonly event: 'reset'; readonly reason: string };

/** For tests: follows the stream by a plain `fetch`. */
export class PolicyStreamClient {
  readonly events: StreamEvent[] = [];
  ended = false;
  private readonly abort = new AbortController();

  private constructor(readonly response: Response) {}

  static async connect(
    url: string,
    key: string,
    lastEventId: number | string | null,
    query = '',
    more: Readonly<Record<string, string>> = {},
  ): Promise<PolicyStreamClient> {
    const abort = new AbortController();
    const headers: Record<string, string> = { authorization: `Bearer ${key}`, ...more };
    if (lastEventId !== null) headers['last-event-id'] = String(lastEventId);
    const response = await fetch(`${url}/v1/relay/policies/stream${query}`, { headers, signal: abort.signal });
    const client = new PolicyStreamClient(response);
    client.abort.signal.addEventListener('abort', () => abort.abort());
    if (response.status === 200) void client.read().finally(() => (client.ended = true));
    return client;
  }

  get policies(): readonly RelayPolicy[] {
    return this.events.flatMap((event) => (event.event === 'policy' ? [event.policy] : []));
  }

  get replies(): readonly RelayReply[] {
    return this.events.flatMap((event) => (event.event === 'reply' ? [event.reply] : []));
  }

  get ids(): readonly number[] {
    return this.events.flatMap((event) => (event.event === 'policy' ? [event.id] : []));
  }

  get heartbeats(): readonly Heartbeat[] {
    return this.events.flatMap((event) => (event.event === 'heartbeat' ? [event.heartbeat] : []));
  }

  /** Resolves as soon as it holds. */
  async until(holds: (client: this) => boolean, what = holds.toString()): Promise<this> {
    await until(
      () => this.events,
      what,
      () => holds(this),
    );
    return this;
  }

  close(): void {
    this.abort.abort();
  }

  private async read(): Promise<void> {
    let text = '';
    try {
      for await (const chunk of this.response.body ?? []) {
        text += Buffer.from(chunk as Uint8Array).toString();
        for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
          this.events.push(eventOf(text.slice(0, end)));
          text = text.slice(end + 2);
        }
      }
    } catch {
      // The server dropped it, or the test closed it: see `ended`.
    }
  }
}

function eventOf(frame: string): StreamEvent {
  const fields = new Map(
    frame.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
  );
  const data = JSON.parse(fields.get('data') ?? 'null') as never;
  const event = fields.get('event');
  if (event === 'policy') return { event, id: Number(fields.get('id')), policy: data };
  if (event === 'reply') return { event, reply: data };
  if (event === 'heartbeat') return { event, heartbeat: data };
  return { event: 'reset', reason: (data as { reason: string }).reason };
}
