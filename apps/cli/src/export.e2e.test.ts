import { runCommand, startCommand } from '@postern/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** The settings for a server that streams what no healthy Postern does. It notes what it was asked. */
async function streaming(stream: (response: ServerResponse) => void, requests: unknown[] = []) {
  const server = createServer(({ url, headers }, response) => {
    requests.push([url, headers.accept]);
    stream(response.writeHead(200, { 'content-type': `${headers.accept}; charset=utf-8` }));
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return {
    POSTERN_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    POSTERN_KEY: 'pst_auditor_x_0123456789abcdef',
    POSTERN_TENANT: 'acme',
  };
}

describe('an export', () => {
  it('is passed on as it comes, from a cursor where one is given', async () => {
    const requests: unknown[] = [];
    const settings = await streaming((response) => {
      response.write('id,ip\r\n');
      response.end('1,203.0.113.7\r\n');
    }, requests);
    const csv = await runCommand('cli', ['denials', '--csv', '--ip', '203.0.113.0/24', '--cursor', 'abc'], settings);
    expect(csv).toEqual({ code: 0, out: 'id,ip\r\n1,203.0.113.7\r\n', err: '' });
    expect((await runCommand('cli', ['changes', '--ndjson'], settings)).code).toBe(0);
    expect(requests).toEqual([
      ['/v1/tenants/acme/denials?ip=203.0.113.0%2F24&cursor=abc', 'text/csv'],
      ['/v1/tenants/acme/changes', 'application/x-ndjson'],
    ]);
  });

  it('that breaks off ends with 4, and says that it is not all', async () => {
    const settings = await streaming((response) => {
      response.write('id,ip\r\n', () => response.destroy());
    });
    expect(await runCommand('cli', ['denials', '--csv'], settings)).toEqual({
      code: 4,
      out: 'id,ip\r\n',
      err: 'postern: The export broke off: the output is not complete. Run it again.\n',
    });
  });

  it('whose reader has had enough ends with 0', async () => {
    const settings = await streaming((response) => {
      const more = (error?: Error | null) => {
        if (!error) response.write('1,203.0.113.7\r\n'.repeat(1_000), more);
      };
      more();
    });
    const running = startCommand('cli', ['denials', '--csv'], settings);
    await once(running.child.stdout, 'data');
    running.child.stdout.destroy();
    expect(await running.end).toMatchObject({ code: 0, err: '' });
  });
});
