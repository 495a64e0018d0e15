import type { IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import type { EventSourceMessage } from 'eventsource-parser';
import type { ControlPlane } from '../control-plane.js';
import { WAITING } from '../denials/rejected-denials.js';
import { LineTooLong, MAX_LINE_BYTES } from './snapshot.js';

/** Requests the changes after `revision`. Fails after `silenceMs` without a byte: TCP may not notice a lost connection. */
export async function openStream(
  plane: ControlPlane,
  {
    revision,
    waiting,
    silenceMs,
    signal,
  }: { revision: number; waiting: number; silenceMs: number; signal: AbortSignal },
): Promise<IncomingMessage> {
  const question = {
    accept: 'text/event-stream',
    headers: { 'last-event-id': String(revision), [WAITING]: String(waiting) },
    idleMs: silenceMs,
    signal,
  };
  return plane.ask('/v1/relay/policies/stream', question, async (response) => response);
}

/** @throws LineTooLong, network errors. */
export async function* eventsOf(stream: IncomingMessage): AsyncGenerator<EventSourceMessage> {
  const arrived: EventSourceMessage[] = [];
  let tooLong = false;
  const parser = createParser({
    onEvent: (event) => arrived.push(event),
    onError: (error) => (tooLong ||= error.type === 'max-buffer-size-exceeded'),
    maxBufferSize: MAX_LINE_BYTES,
  });
  for await (const text of stream.setEncoding('utf8') as AsyncIterable<string>) {
    parser.feed(text);
    if (tooLong) throw new LineTooLong();
    yield* arrived;
    arrived.length = 0;
  }
}
