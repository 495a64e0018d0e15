import { usageFailure } from '../failure.js';
import { findKey } from './find-key.js';

/** The options that every command takes, as they were given. */
export interface GlobalOptions {
  readonly url?: string;
  readonly tenant?: string;
  readonly keyFile?: string;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** To which Postern, as whom. */
export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  readonly timeoutMs: number;
  /** Looked for when a request needs it: some need none. Throws a usage failure that says how to give one. */
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

/** Where a Postern with the same settings listens. */
function urlOnThisMachine(environment: NodeJS.ProcessEnv): string {
  const host = environment['POSTERN_HTTP_HOST'] || '127.0.0.1';
  const port = environment['POSTERN_HTTP_PORT'] || '8025';
  if (port === '0') throw usageFailure('POSTERN_HTTP_PORT is 0, which is any port. Set POSTERN_URL or --url.');
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${reachable}:${port}`;
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw usageFailure(`${JSON.stringify(text)} is no http:// or https:// address. Set POSTERN_URL or --url.`);
  }
  if (url.username || url.password || url.search || url.hash) {
    throw usageFailure('The address of Postern has no user, password, query or fragment. Set POSTERN_URL or --url.');
  }
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
