import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const FILE = join(import.meta.dirname, '../../../dist/libs/observe/src/ask-ready.js');
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

describe('the health check of the image', () => {
  it('succeeds where the process is ready', async () => {
    const port = await answering('/health/ready', 200, '{"status":"ready"}');
    expect(await check(port)).toEqual({ code: 0, said: '{"status":"ready"}\n' });
  });

  it('fails where it is not, and says what is missing', async () => {
    const port = await answering('/health/ready', 503, '{"missing":{"kafka":"no answer"}}');
    expect(await check(port)).toEqual({ code: 1, said: '{"missing":{"kafka":"no answer"}}\n' });
  });

  it('fails where nothing listens', async () => {
    const port = await answering('/health/ready', 200, '');
    await new Promise((closed) => servers.pop()?.close(closed));
    expect(await check(port)).toEqual({
      code: 1,
      said: `Nothing answers at 127.0.0.1:${port}: Error: connect ECONNREFUSED 127.0.0.1:${port}\n`,
    });
  });
});

async function answering(path: string, status: number, body: string): Promise<number> {
  const server = createServer((request, answer) => answer.writeHead(request.url === path ? status : 404).end(body));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function check(port: number): Promise<{ code: unknown; said: string }> {
  const child = spawn(process.execPath, [FILE], {
    env: { ...process.env, NODE_OPTIONS: '', POSTERN_HTTP_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code, said };
}
