import type { DenialReport } from '@postern/contracts';

interface RejectedDenial {
  readonly id: string;
  readonly code: string;
  readonly detail: string;
}

/** Header: the number of waiting denials that are not in this request. */
export const WAITING = 'postern-denials-waiting';

/** The rejected denials; the others are durable. Null if the answer does not account for every denial sent. A repeated id is counted once. */
export function rejectedOf(
  { accepted, duplicates, rejected }: Readonly<Record<string, unknown>>,
  sent: readonly DenialReport[],
): readonly RejectedDenial[] | null {
  if (!isCount(accepted) || !isCount(duplicates) || !Array.isArray(rejected) || !rejected.every(isRejected))
    return null;
  if (accepted + duplicates + rejected.length !== sent.length) return null;
  const ids = new Set(sent.map(({ id }) => id));
  return rejected.every(({ id }) => ids.delete(id)) ? rejected : null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRejected(value: unknown): value is RejectedDenial {
  if (typeof value !== 'object' || value === null) return false;
  const { id, code, detail } = value as Record<string, unknown>;
  return typeof id === 'string' && typeof code === 'string' && typeof detail === 'string';
}
