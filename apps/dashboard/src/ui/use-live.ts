import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useState } from 'react';
import { whoAmI } from '../api/session.js';

export type Live =
  /** Something was received within the last seconds. */
  | { readonly state: 'live' }
  | { readonly state: 'connecting' }
  /** Nothing was received since then: show `<Stale since>`. */
  | { readonly state: 'stale'; readonly since: number };

interface Options<Data> {
  readonly enabled?: boolean;
  /** The name of the events in the stream: `denial`. */
  readonly event: string;
  readonly onEvent: (data: Data) => void;
  /** The stream could not resume at its position, and what it missed is not sent. Load the list again. */
  readonly onGap: () => void;
}

/** Three heartbeats of five seconds. */
const SILENCE_MS = 15_000;
const RETRY_MS = { first: 1_000, last: 15_000 } as const;

/** Follows a stream of server-sent events while the page is open, and reconnects. */
export function useLive<Data>(url: string, { enabled = true, event, onEvent, onGap }: Options<Data>): Live {
  const [live, setLive] = useState<Live>({ state: 'connecting' });
  const queryClient = useQueryClient();
  const take = useEffectEvent((message: MessageEvent<string>) => onEvent(JSON.parse(message.data) as Data));
  const gap = useEffectEvent(onGap);
  useEffect(() => {
    if (!enabled) return undefined;
    let heard = Date.now();
    let connectedBefore = false;
    let wait: number = RETRY_MS.first;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hear = () => {
      heard = Date.now();
      wait = RETRY_MS.first;
      clearTimeout(timer);
      timer = setTimeout(again, SILENCE_MS);
      setLive((now) => (now.state === 'live' ? now : { state: 'live' }));
    };
    // The browser reconnects by itself after a broken connection, with the position. It does not after 4xx or 5xx, and it does not notice a silent one.
    const again = () => {
      source?.close();
      setLive({ state: 'stale', since: heard });
      // If the session has ended, this shows its dialog.
      void queryClient.fetchQuery({ ...whoAmI, staleTime: 0, retry: false }).catch(() => undefined);
      clearTimeout(timer);
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, RETRY_MS.last);
    };
    const connect = () => {
      source = new EventSource(url);
      timer = setTimeout(again, SILENCE_MS);
      source.addEventListener('open', () => {
        hear();
        if (connectedBefore) gap();
        connectedBefore = true;
      });
      source.addEventListener('heartbeat', hear);
      source.addEventListener(event, (message: MessageEvent<string>) => {
        hear();
        take(message);
      });
      source.addEventListener('error', () => {
        if (source?.readyState === EventSource.CLOSED) again();
        else setLive({ state: 'stale', since: heard });
      });
    };
    connect();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, [url, enabled, event, queryClient]);
  return live;
}
