import { createParser } from 'eventsource-parser';
import type { EventSourceMessage } from 'eventsource-parser';
import { ask } from '../control-plane.js';
import type { ControlPlane } from '../control-plane.js';
import { LineTooLong, MAX_LINE_BYTES } from './snapshot.js';

/**
 * Follows the changes after `revision`. Yields each server-sent event until the server ends the stream.
 * @throws LineTooLong; what `ask` throws, also after `silenceMs` without a byte: the connection is dead then, whatever TCP believes.
 */
export async function* followChanges(
  plane: ControlPlane,
  { revision, silenceMs, signal }: { revision: number; silenceMs: number; signal: AbortSignal },
): AsyncGenerator<EventSourceMessage> {
  const response = await ask(plane, '/v1/relay/policies/stream', {
    accept: 'text/event-stream',
    headers: { 'last-event-id': String(revision) },
    idleMs: silenceMs,
    signal,
  });
  const arrived: EventSourceMessage[] = [];
  let tooLong = false;
  const parser = createParser({
    onEvent: (event) => arrived.push(event),
    onError: (error) => (tooLong ||= error.type === 'max-buffer-size-exceeded'),
    maxBufferSize: MAX_LINE_BYTES,
  });
  for await (const text of response.setEncoding('utf8') as AsyncIterable<string>) {
    parser.feed(text);
    if (tooLong) throw new LineTooLong();
    yield* arrived;
    arrived.length = 0;
  }
}
