import { useDocumentTitle } from '@mantine/hooks';
import { useEffect, useSyncExternalStore } from 'react';

// Set by the page, and shown by the breadcrumb above it.
let shown = '';
const listeners = new Set<() => void>();

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
