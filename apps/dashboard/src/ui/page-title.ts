import { useDocumentTitle } from '@mantine/hooks';
import { useEffect } from 'react';
import { sharedValue } from '../shared-value.js';

/** Set by the page, and shown by the breadcrumb above it. */
export const shownTitle = sharedValue('');

export function usePageTitle(title: string): void {
  useDocumentTitle(`${title} · Postern`);
  useEffect(() => shownTitle.set(title), [title]);
}
