import { Agent, request } from 'node:http';

/**
 * Posts the bodies, one after the other on each of this many connections. Throws if an answer is not 200. `node:http` with prepared bodies: the
 * load generator shares the cores with what is measured, and must cost little.
 */
export async function postBodies<Answer>(
  url: string,
  key: string,
  bodies: readonly Buffer[],
  connections: number,
  answered: (answer: Answer) => void,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const waiting = bodies.values();
  const connection = async (): Promise<void> => {
    for (const body of waiting) {
      const { status, text } = await post(agent, url, key, body);
      if (status !== 200) throw new Error(`A batch was refused: ${status} ${text}`);
      answered(JSON.parse(text) as Answer);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, connection));
  } finally {
    agent.destroy();
  }
}

function post(agent: Agent, url: string, key: string, body: Buffer): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => done({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', fail);
    sent.end(body);
  });
}
