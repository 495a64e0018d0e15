import type { LoginReport } from '@postern/contracts';
import { UnexpectedAnswer, readJson } from '../control-plane.js';
import type { ControlPlane } from '../control-plane.js';

const PATH = '/v1/relay/logins';

/**
 * Sends one batch of 0 to 1,000 records, and returns how many were rejected. Postern counts a batch that is sent again once.
 * @throws what `ask` throws, and UnexpectedAnswer. Postern may or may not have counted the batch: send it again with the same id.
 */
export async function sendLogins(
  plane: ControlPlane,
  batchId: string,
  logins: readonly LoginReport[],
  timeoutMs: number,
  aborted: AbortSignal,
): Promise<number> {
  const question = {
    method: 'POST',
    accept: 'application/json',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ batchId, logins }),
    idleMs: timeoutMs,
    signal: aborted,
  } as const;
  return plane.ask(PATH, question, async (response) => {
    const answer = (await readJson(response, `POST ${PATH}`)) as Record<string, unknown> | null;
    const { accepted, duplicate, rejected } = answer ?? {};
    if (duplicate === true) return 0;
    if (Number.isInteger(rejected) && Number(accepted) + Number(rejected) === logins.length) return Number(rejected);
    throw new UnexpectedAnswer(
      `POST ${PATH}`,
      `it does not account for the ${logins.length} login records sent: ${JSON.stringify(answer)}`,
    );
  });
}
