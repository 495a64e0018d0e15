import { useDocumentTitle } from '@mantine/hooks';
import { useEffect, useSyncExternalStore } from 'react';

// The page inside the frame names itself; the breadcrumb above it shows that name.
let shown = '';
const listeners = new Set<() => void>();

/** Names this page in the browser's tab and in the breadcrumb. */
export function usePageTitle(title: string): void {
  useDocumentTitle(`${title} · Postern`);
  useEffect(() => {
    shown = title;
    for (const listener of listeners) listener();
  }, [title]);
}

export function useShownTitle(): string {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
}
