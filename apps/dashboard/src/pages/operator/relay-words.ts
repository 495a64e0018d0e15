import type { Schema } from '../../api/client.js';

export type Relay = Schema<'RelayState'>;

export function behindInWords({ behind, revision }: Pick<Relay, 'behind' | 'revision'>): string {
  if (revision === null || behind === null) return 'no policies yet';
  return behind === 0 ? 'up to date' : `${behind.toLocaleString('en')} behind`;
}
