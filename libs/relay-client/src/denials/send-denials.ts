import type { DenialReport } from '@postern/contracts';
import { UnexpectedAnswer, readJson } from '../control-plane.js';
import type { ControlPlane } from '../control-plane.js';

export interface RejectedDenial {
  readonly id: string;
  readonly code: string;
  readonly detail: string;
}

/** Header: the number of waiting denials that are not in this request. */
export const WAITING = 'postern-denials-waiting';

const PATH = '/v1/relay/auth-denials';

/**
 * Sends 1 to 1,000 denials. Resolves with the rejected ones when the others are durable. @throws the errors of `ask`;
 * UnexpectedAnswer if the answer does not account for every denial. Then send the batch again: a repeated id is counted
 * once.
 */
export async function sendDenials(
  plane: ControlPlane,
  denials: readonly DenialReport[],
  waiting: number,
  timeoutMs: number,
  aborted: AbortSignal,
): Promise<readonly RejectedDenial[]> {
  const question = {
    method: 'POST',
    accept: 'application/json',
    headers: { 'content-type': 'application/json', [WAITING]: String(waiting) },
    body: JSON.stringify({ denials }),
    idleMs: timeoutMs,
    signal: aborted,
  } as const;
  return plane.ask(PATH, question, async (response) => {
    const answer = await readJson(response, `POST ${PATH}`);
    const rejected = rejectedOf(answer, denials);
    if (rejected !== null) return rejected;
    throw new UnexpectedAnswer(
      `POST ${PATH}`,
      `it does not account for the ${denials.length} denials sent: ${JSON.stringify(answer)}`,
    );
  });
}

function rejectedOf(answer: unknown, sent: readonly DenialReport[]): readonly RejectedDenial[] | null {
  if (typeof answer !== 'object' || answer === null) return null;
  const { accepted, duplicates, rejected } = answer as Record<string, unknown>;
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
