import type { Schema } from '../../api/client.js';

type Relay = Schema<'RelayState'>;
type Process = Schema<'ProcessState'>;
type Consumer = Schema<'ConsumerState'>;

export function behindInWords({ behind, revision }: Pick<Relay, 'behind' | 'revision'>): string {
  if (revision === null || behind === null) return 'no policies yet';
  return behind === 0 ? 'up to date' : `${behind.toLocaleString('en')} behind`;
}

export function processInWords({ state, instance, missing }: Pick<Process, 'state' | 'instance' | 'missing'>): string {
  if (instance === null) return 'no process runs';
  if (state === 'not-seen') return 'no report: it was killed, or cannot reach the database';
  if (state === 'ready') return 'ready';
  return `not ready: ${missing.map(({ name, why }) => `${name} ${why}`).join('; ')}`;
}

export function consumerInWords({ state, reason }: Pick<Consumer, 'state' | 'reason'>): string {
  switch (state) {
    case 'caught-up':
      return 'up to date';
    case 'catching-up':
      return 'catching up';
    case 'failing':
      return `retries: ${reason ?? 'the reason is not known'}`;
    case 'halted':
      return `halted, an operator must act: ${reason ?? 'the reason is not known'}`;
    case 'not-seen':
      return 'no running process has it';
  }
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytesInWords(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1_000 ** power;
  return `${value.toLocaleString('en', { maximumFractionDigits: power === 0 ? 0 : 1 })} ${UNITS[power]}`;
}

export function secondsInWords(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return seconds < 3_600 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
