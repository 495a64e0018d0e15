import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/** The answers that have no end of their own: they are ended when the gateway stops, so that relays go on elsewhere at once. */
export class EventStreams {
  readonly #open = new Map<ServerResponse, Readable>();
  #stopped = false;

  add(response: ServerResponse, from: Readable): void {
    this.#open.set(response, from);
    response.once('close', () => this.#open.delete(response));
    if (this.#stopped) this.#end(response, from);
  }

  /** Ends each after what was written whole: the reader sees an end, not a break. */
  stop(): void {
    this.#stopped = true;
    for (const [response, from] of this.#open) this.#end(response, from);
  }

  #end(response: ServerResponse, from: Readable): void {
    from.unpipe(response);
    response.end(() => from.destroy());
  }
}
