import { until } from '@postern/testing';

/** For tests: an event of a stream of denials. */
export interface DenialStreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** For tests: follows a stream of denials by a plain `fetch`. */
export class DenialStreamClient {
  readonly events: DenialStreamEvent[] = [];
  ended = false;

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {}

  static async connect(url: string, key: string, lastEventId?: string): Promise<DenialStreamClient> {
    const abort = new AbortController();
    const headers = {
      authorization: `Bearer ${key}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    };
    const client = new DenialStreamClient(await fetch(url, { headers, signal: abort.signal }), abort);
    if (client.response.status === 200) void client.read();
    return client;
  }

  /** The ids of the denials that came, in their order. */
  get denials(): unknown[] {
    return this.events.filter(({ event }) => event === 'denial').map(({ data }) => data['id']);
  }

  async until(holds: (client: this) => boolean): Promise<this> {
    await until(
      () => this.events,
      holds.toString(),
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
          const [, event = '', id = '', data = ''] =
            /^event: (.*)\nid: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
          this.events.push({ event, id, data: JSON.parse(data) as DenialStreamEvent['data'] });
          text = text.slice(end + 2);
        }
      }
    } catch {
      // The server dropped it, or the test closed it: see `ended`.
    }
    this.ended = true;
  }
}
