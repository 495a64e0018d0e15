import { Agent, request } from 'node:http';

/**
 * Posts the bodies, one after the other on each of so many connections; resolves when all are answered. `node:http` with
 * bodies made beforehand: the generator shares the cores with what is measured, and must cost little.
 */
export async function sendBatches(
  url: string,
  relayKey: string,
  bodies: readonly Buffer[],
  connections: number,
): Promise<{ accepted: number; duplicates: number; rejected: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const totals = { accepted: 0, duplicates: 0, rejected: 0 };
  const waiting = bodies.values();
  const connection = async (): Promise<void> => {
    for (const body of waiting) {
      const { status, text } = await post(agent, url, relayKey, body);
      if (status !== 200) throw new Error(`A batch was refused: ${status} ${text}`);
      const answer = JSON.parse(text) as { accepted: number; duplicates: number; rejected: unknown[] };
      totals.accepted += answer.accepted;
      totals.duplicates += answer.duplicates;
      totals.rejected += answer.rejected.length;
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, connection));
  } finally {
    agent.destroy();
  }
  return totals;
}

function post(agent: Agent, url: string, relayKey: string, body: Buffer): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const headers = {
      authorization: `Bearer ${relayKey}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const sent = request(`${url}/v1/relay/auth-denials`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => done({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', fail);
    sent.end(body);
  });
}
