import type { DenialReport } from '@postern/contracts';
import { UnexpectedAnswer, readJson } from '../control-plane.js';
import type { ControlPlane } from '../control-plane.js';

/** A denial that the control plane will never take, with its reason. */
export interface RejectedDenial {
  readonly id: string;
  readonly code: string;
  readonly detail: string;
}

/** The header for how many denials wait that are not in the request. */
export const WAITING = 'postern-denials-waiting';

const PATH = '/v1/relay/auth-denials';

/**
 * Sends one batch, 1 to 1,000, and returns those that were rejected, once it is durable; ids that came before are counted once.
 * Only an answer in which accepted, duplicates and rejected account for every denial counts: anything else may not be Postern's.
 * @throws what `ask` throws, UnexpectedAnswer among it. The batch may or may not have been taken: send it again.
 */
export async function sendDenials(
  plane: ControlPlane,
  denials: readonly DenialReport[],
  /** Others that wait; operators see how many. */
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

/** The rejected ones; null where the answer does not account for each denial exactly once. */
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
