import { createParser } from 'eventsource-parser';
import type { EventSourceMessage } from 'eventsource-parser';
import { ask } from '../http/control-plane.js';
import type { ControlPlane } from '../http/control-plane.js';
import { LineTooLong, MAX_LINE_BYTES } from './lines.js';

/** Nothing came for longer than heartbeats allow: the connection is dead, whatever TCP believes. */
class StreamSilent extends Error {
  override readonly name = 'StreamSilent';
}

/**
 * Follows the changes after `revision`. Yields each server-sent event until the server ends the stream.
 * @throws StreamSilent after `silenceMs` without a byte; LineTooLong; Refused; UnexpectedAnswer; what the network throws.
 */
export async function* followChanges(
  plane: ControlPlane,
  options: { revision: number; silenceMs: number; signal: AbortSignal },
): AsyncGenerator<EventSourceMessage> {
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new StreamSilent(`The policy stream was silent for ${options.silenceMs} ms.`)),
    options.silenceMs,
  );
  try {
    const response = await ask(plane, '/v1/relay/policies/stream', {
      accept: 'text/event-stream',
      headers: { 'last-event-id': String(options.revision) },
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    const arrived: EventSourceMessage[] = [];
    let tooLong = false;
    const parser = createParser({
      onEvent: (event) => arrived.push(event),
      onError: (error) => (tooLong ||= error.type === 'max-buffer-size-exceeded'),
      maxBufferSize: MAX_LINE_BYTES,
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (tooLong) throw new LineTooLong();
      yield* arrived;
      arrived.length = 0;
    }
  } finally {
    clearTimeout(timer);
  }
}
