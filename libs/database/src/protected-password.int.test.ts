import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import './index.js';
import { openDataSource } from './data-source.js';

let server: Server;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((done) => server.close(done));
});

/** Somebody who listens where PostgreSQL should, and asks for the password by the method of this number. */
async function impostor(method: Buffer): Promise<{ url: string; heard: () => string }> {
  const chunks: Buffer[] = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.once('data', () => {
      socket.write(method);
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { url: `postgresql://owner:secret@127.0.0.1:${port}/postern`, heard: () => Buffer.concat(chunks).toString() };
}

/** PostgreSQL's message AuthenticationCleartextPassword, and AuthenticationMD5Password with its salt. */
const CLEAR_TEXT = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
const MD5 = Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4]);

describe('a server that asks for a password that it could use', () => {
  it.each([
    ['in clear text', CLEAR_TEXT],
    ['hashed by MD5', MD5],
  ])('%s does not get it', async (how, method) => {
    const { url, heard } = await impostor(method);
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await expect(client.connect()).rejects.toThrow(`The server asked for the password ${how}`);
    await client.end().catch(() => undefined);
    const pool = openDataSource(url, 'postern_feed', { poolSize: 1 });
    await expect(pool).rejects.toThrow('It was not sent');
    // At the most that the client leaves: the message Terminate.
    expect(heard().replaceAll('X\0\0\0\x04', '')).toBe('');
  });
});
