import type { Schema } from './schema.js';
import { setTimeout as wait } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { EXIT, Failure } from './failure.js';

/** After the event with this id; null: from now on. */
export type OpenStream = (lastEventId: string | null, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;

const RETRY_MS = 1_000;
/** The server sends a heartbeat every 5 seconds. After this long without one, the connection is dead. */
const SILENCE_MS = 20_000;

interface Following {
  readonly open: OpenStream;
  readonly onOpen: () => Promise<void>;
  readonly show: (denial: Schema<'Denial'>) => void;
  readonly remark: (text: string) => void;
  readonly signal: AbortSignal;
  readonly retryMs?: number;
  readonly silenceMs?: number;
}

/** After a failure it resumes where the stream ended. Throws if the first attempt fails, and later if Postern refuses the request. */
export async function followDenials({
  onOpen,
  show,
  remark,
  signal,
  retryMs = RETRY_MS,
  ...how
}: Following): Promise<void> {
  let state: 'starting' | 'following' | 'away' = 'starting';
  let lastEventId: string | null = null;
  while (!signal.aborted) {
    try {
      for await (const event of eventsAfter(lastEventId, { ...how, signal })) {
        if (event === 'opened') {
          if (state === 'starting') await onOpen();
          if (state === 'away') remark('Postern is back.');
          state = 'following';
          continue;
        }
        lastEventId = event.id ?? lastEventId;
        if (event.event === 'denial') show(JSON.parse(event.data) as Schema<'Denial'>);
        if (event.event === 'reset')
          remark('Postern was away for too long to resume: denials may be missing here. `postern denials` shows all.');
      }
    } catch (error) {
      if (signal.aborted) return;
      const passes = !(error instanceof Failure) || error.exitCode === EXIT.unavailable;
      if (!passes || state === 'starting') throw error;
    }
    if (state === 'following') remark('The connection to Postern is lost. Trying again …');
    state = 'away';
    await wait(retryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** First `opened`, then the events until the stream ends. Throws what `open` throws, and after `silenceMs` without an event. */
async function* eventsAfter(
  lastEventId: string | null,
  { open, signal, silenceMs = SILENCE_MS }: Pick<Following, 'open' | 'signal' | 'silenceMs'>,
) {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(new Error('The stream is silent.')), silenceMs);
  try {
    const bytes = await open(lastEventId, AbortSignal.any([signal, silent.signal]));
    yield 'opened' as const;
    const events = bytes.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const event of events) {
      timer.refresh();
      yield event;
    }
  } finally {
    clearTimeout(timer);
  }
}
