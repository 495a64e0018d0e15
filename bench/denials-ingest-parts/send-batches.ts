import { postBodies } from '../parts/post-bodies.js';

interface Answer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly unknown[];
}

/** Posts the batches on this many connections, and adds up the answers. */
export async function sendBatches(
  url: string,
  relayKey: string,
  bodies: readonly Buffer[],
  connections: number,
): Promise<{ accepted: number; duplicates: number; rejected: number }> {
  const totals = { accepted: 0, duplicates: 0, rejected: 0 };
  await postBodies<Answer>(`${url}/v1/relay/auth-denials`, relayKey, bodies, connections, (answer) => {
    totals.accepted += answer.accepted;
    totals.duplicates += answer.duplicates;
    totals.rejected += answer.rejected.length;
  });
  return totals;
}
