import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readStandardInput } from './entries.js';
import { usageFailure } from './failure.js';

export interface GlobalOptions {
  readonly url?: string;
  readonly tenant?: string;
  readonly keyFile?: string;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface Connection {
  readonly url: string;
  readonly timeoutMs: number;
  /** Reads it when a request needs it. @throws a usage failure. */
  key(): Promise<string>;
}

export function connectionOf(options: GlobalOptions, environment: NodeJS.ProcessEnv): Connection {
  const url = urlOf(options.url ?? (environment['POSTERN_URL'] || urlOnThisMachine(environment)));
  let key: Promise<string> | undefined;
  return {
    url: url.href.replace(/\/+$/, ''),
    timeoutMs: options.timeout,
    key: () => (key ??= findKey({ keyFile: options.keyFile, environment, onThisMachine: isLoopback(url.hostname) })),
  };
}

function urlOnThisMachine(environment: NodeJS.ProcessEnv): string {
  const host = environment['POSTERN_HTTP_HOST'] || '127.0.0.1';
  const port = environment['POSTERN_HTTP_PORT'] || '8025';
  if (port === '0') throw usageFailure('POSTERN_HTTP_PORT is 0, which is any port. Set POSTERN_URL or --url.');
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${reachable}:${port}`;
}

function urlOf(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw usageFailure(`${JSON.stringify(text)} is not an http:// or https:// address. Set POSTERN_URL or --url.`);
  if (url.username || url.password || url.search || url.hash)
    throw usageFailure(
      'The address of Postern must not have a user, password, query or fragment. Set POSTERN_URL or --url.',
    );
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

interface KeySources {
  /** `-` is standard input. */
  readonly keyFile: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** Whether the URL is on this machine: the operator key of the data folder is sent nowhere else. */
  readonly onThisMachine: boolean;
}

/** There is no option for the key itself, because other users could see it in the list of processes. */
export async function findKey({ keyFile, environment, onThisMachine }: KeySources): Promise<string> {
  if (keyFile === '-') return checked(await readStandardInput(), 'standard input');
  if (keyFile !== undefined) return fromFile(keyFile, '--key-file');
  if (environment['POSTERN_KEY']) return checked(environment['POSTERN_KEY'], 'POSTERN_KEY');
  if (environment['POSTERN_KEY_FILE']) return fromFile(environment['POSTERN_KEY_FILE'], 'POSTERN_KEY_FILE');
  const operatorKey = join(environment['POSTERN_DATA_DIR'] || '.postern', 'operator-key');
  const found = onThisMachine ? await readFile(operatorKey, 'utf8').catch(() => null) : null;
  if (found !== null) return checked(found, operatorKey);
  throw usageFailure(
    'There is no API key. Set POSTERN_KEY, or POSTERN_KEY_FILE or --key-file to a file that has it' +
      (onThisMachine ? `; the operator's key in ${operatorKey} cannot be read.` : '.'),
  );
}

async function fromFile(file: string, source: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw usageFailure(`${source}: ${error.message}`);
  });
  return checked(text, file);
}

/** The message must not show the text: it may be a key. */
function checked(text: string, source: string): string {
  const key = text.trim();
  if (/^pst_[\w-]{1,250}$/.test(key)) return key;
  throw usageFailure(`There is no API key in ${source}: a key begins with pst_ and contains no white space.`);
}
