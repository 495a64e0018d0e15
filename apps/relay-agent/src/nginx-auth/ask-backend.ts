import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { sentOnce } from '../http/http-server.js';
import type { AskBackend } from './nginx-auth.js';

/** nginx waits 60 s by default; the client should get a temporary error well before that. */
const TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 256;

/** A backend that speaks nginx's `auth_http`. Only a 2xx permits a login; repeated headers are ignored. */
export function backendAt(url: string): AskBackend {
  const client = url.startsWith('https:') ? https : http;
  const agent = new client.Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  return async (headers) => {
    const request = client.get(url, { agent, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.on('error', () => undefined).resume();
    const { statusCode = 0 } = response;
    const answer = sentOnce(response);
    if (answer['auth-status'] === 'OK' && (statusCode < 200 || statusCode > 299))
      throw new Error(`The backend allows with status ${statusCode}.`);
    return answer;
  };
}
