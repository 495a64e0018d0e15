import { Agent, request } from 'node:http';

/** Asks for one page after the other over one connection, and times each from the request to the last byte. */
export class Asker {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly url: string) {}

  /** Throws unless it is answered 200. */
  page(path: string, key: string): Promise<{ ms: number; items: number; nextCursor: string | null }> {
    return new Promise((done, fail) => {
      const began = performance.now();
      const headers = { authorization: `Bearer ${key}` };
      const sent = request(this.url + path, { agent: this.agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const ms = performance.now() - began;
          if (response.statusCode !== 200) return fail(new Error(`${path}: ${response.statusCode} ${text}`));
          const { items, nextCursor } = JSON.parse(text) as { items: unknown[]; nextCursor: string | null };
          done({ ms, items: items.length, nextCursor });
        });
      });
      sent.on('error', fail);
      sent.end();
    });
  }

  end(): void {
    this.agent.destroy();
  }
}
