import type { DenialReport } from '@postern/contracts';
import { ask } from '../http/control-plane.js';
import type { ControlPlane } from '../http/control-plane.js';

/** A denial that the control plane will never take, with its reason. */
export interface RejectedDenial {
  readonly id: string;
  readonly code: string;
  readonly detail: string;
}

/**
 * Sends one batch, 1 to 1,000. Returns once it is durable; ids that came before are counted once.
 * @throws Refused; what the network throws. In both cases the batch may or may not have been taken: send it again.
 */
export async function sendDenials(
  plane: ControlPlane,
  denials: readonly DenialReport[],
  signal: AbortSignal,
): Promise<{ rejected: readonly RejectedDenial[] }> {
  const response = await ask(plane, '/v1/relay/auth-denials', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ denials }),
    signal,
  });
  const answer = (await response.json()) as { rejected?: unknown };
  const rejected = Array.isArray(answer.rejected) ? (answer.rejected as RejectedDenial[]) : [];
  return { rejected };
}
