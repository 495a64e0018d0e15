import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';

/**
 * What the agent is compared with, as a process of its own: a bare HTTP server of Node that reads the question and answers a constant, and a server that
 * accepts every login of Dovecot's auth protocol. Sends both ports to its parent.
 */
const ANSWER = '{"status":0,"msg":""}';
const HANDSHAKE = 'VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t2\nCOOKIE\tabc\nDONE\n';

const http = createHttpServer((request, response) => {
  if (request.url === '/metrics') {
    const { user, system } = process.cpuUsage();
    response.end(`process_cpu_seconds_total ${(user + system) / 1e6}\n`);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length });
    response.end(ANSWER);
  });
});
const dovecot = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.write(HANDSHAKE);
  socket.on('data', (chunk) => {
    for (const [, id, user] of String(chunk).matchAll(/^AUTH\t(\d+)\t.*\tresp=(\S+)$/gm))
      socket.write(`OK\t${id}\tuser=${user}\n`);
  });
});
http.listen(0, '127.0.0.1', () =>
  dovecot.listen(0, '127.0.0.1', () =>
    process.send?.([(http.address() as AddressInfo).port, (dovecot.address() as AddressInfo).port]),
  ),
);
process.once('disconnect', () => process.exit(0));
