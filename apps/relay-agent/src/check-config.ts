import { once } from 'node:events';
import { access, constants, stat } from 'node:fs/promises';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Address, addressText, isReached, type ListenAddress, listenAt } from './listen/listen.js';
import { type AgentSettings, keyInClear } from './settings.js';

export interface Finding {
  readonly verdict: 'ok' | 'WARNING' | 'WRONG';
  readonly text: string;
}

const TIMEOUT_MS = 5_000;

export async function checkConfig(settings: AgentSettings): Promise<Finding[]> {
  const { relay, postfix, dovecotAuth, nginxBackend } = settings;
  const dataDir = resolve(relay.dataDir);
  return Promise.all([
    look(`POSTERN_AGENT_DATA_DIR ${dataDir}`, folder(dataDir)),
    listener('POSTERN_AGENT_HTTP', settings.http, settings),
    ...(postfix ? [listener('POSTERN_AGENT_POSTFIX', postfix, settings)] : []),
    ...(dovecotAuth
      ? [
          listener('POSTERN_AGENT_DOVECOT_AUTH', dovecotAuth.listen, settings),
          server('POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM', dovecotAuth.upstream),
        ]
      : []),
    ...(nginxBackend ? [server('POSTERN_AGENT_NGINX_BACKEND', addressOf(new URL(nginxBackend)))] : []),
    ...relay.urls.map((url) => look(`upstream ${url}`, askUpstream(url, relay))),
    ...keyInClear(relay.urls).map((text): Finding => ({ verdict: 'WARNING', text })),
  ]);
}

async function look(what: string, work: Promise<string>): Promise<Finding> {
  return work.then(
    (good) => ({ verdict: 'ok', text: `${what}: ${good}` }),
    (error: Error) => ({
      verdict: 'WRONG',
      text: `${what}: ${reasonOf(error)}`,
    }),
  );
}

/** Listens for a moment, as the agent would. */
async function listener(name: string, address: ListenAddress, { socketAccess }: AgentSettings): Promise<Finding> {
  const what = `${name} ${addressText(address)}`;
  if ('systemd' in address) return { verdict: 'ok', text: `${what}: is opened by systemd, and was not checked` };
  const probe = createServer();
  try {
    await listenAt(probe, address, socketAccess, name);
    return { verdict: 'ok', text: `${what}: is free` };
  } catch (error) {
    const { message, cause } = error as Error;
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') return { verdict: 'WRONG', text: message };
    return { verdict: 'ok', text: `${what}: is in use, by a running agent or by another process` };
  } finally {
    probe.close();
  }
}

function server(name: string, address: Address): Promise<Finding> {
  const reached = isReached(address).then((is) => {
    if (is) return 'is reachable';
    throw new Error('nothing answers there: start that server, or correct the setting');
  });
  return look(`${name} ${addressText(address)}`, reached);
}

async function folder(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (!found) return `will be created; ${dirname(path)} ${await folder(dirname(path))}`;
  if (!found.isDirectory()) throw new Error(`${path} is not a folder`);
  await access(path, constants.W_OK).catch(() => {
    throw new Error(`${path} cannot be written to by this user`);
  });
  return 'can be written to';
}

/** Every key may send this request. */
async function askUpstream(url: string, { key, tls }: AgentSettings['relay']): Promise<string> {
  const request = (url.startsWith('https:') ? https : http).get(new URL('/v1/whoami', url), {
    ...tls,
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { statusCode, body } = await answerTo(request).catch((error: Error) => {
    const reason = error.name === 'AbortError' ? `no answer within ${TIMEOUT_MS / 1_000} s` : reasonOf(error);
    throw new Error(`cannot be reached (${reason}): check the URL, the network and the certificates`);
  });
  if (statusCode === 401 || statusCode === 403)
    throw new Error('refuses the relay key: issue another one (postern keys issue relay --name mx1)');
  const { role, name } = statusCode === 200 ? whoIs(body) : {};
  if (role !== 'relay')
    throw new Error(`answers with ${statusCode}, but is not Postern: check the URL and any proxy on the way`);
  return `accepts the relay key "${name}"`;
}

async function answerTo(request: ClientRequest): Promise<{ statusCode: number | undefined; body: string }> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { statusCode: response.statusCode, body: await text(response) };
}

/** If several addresses of a host fail, the error has only a code. */
function reasonOf(error: Error): string {
  return error.message || String((error as NodeJS.ErrnoException).code);
}

function whoIs(body: string): { role?: unknown; name?: unknown } {
  try {
    return (JSON.parse(body) as { role?: unknown; name?: unknown } | null) ?? {};
  } catch {
    return {};
  }
}

function addressOf(url: URL): Address {
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
}
