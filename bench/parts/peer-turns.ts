import autocannon, { type Request, type Result } from 'autocannon';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { quantile, rounded } from './quantile.js';

export const CONNECTIONS = 16;

/** Sends the request over all connections for this many seconds. Throws if an answer is not a success. */
export async function fire(url: string, request: Request, seconds: number): Promise<Result> {
  const result = await autocannon({ url, connections: CONNECTIONS, duration: seconds, requests: [request] });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} requests were refused and ${result.errors} failed: the figures mean nothing.`);
  return result;
}

/** The rate over all turns, and of the turns the median of each quantile. */
export function figuresOf<Name extends string>(name: Name, turns: readonly Result[]) {
  const median = (of: (turn: Result) => number) => quantile(turns.map(of), 0.5);
  return {
    [`${name}PerSecond`]: rounded(turns.reduce((sum, turn) => sum + turn.requests.average, 0) / turns.length, 0),
    [`${name}P50Ms`]: median(({ latency }) => latency.p50),
    [`${name}P99Ms`]: median(({ latency }) => latency.p99),
  } as Record<`${Name}PerSecond` | `${Name}P50Ms` | `${Name}P99Ms`, number>;
}

/** The program to compare with, in a process of its own, which sends its port to its parent. */
export async function startPeer(
  file: string,
  databaseUrl: string,
): Promise<{ readonly url: string; readonly pid: number; end(): void }> {
  const peer = fork(file, [databaseUrl], { execArgv: [] });
  const [port] = (await Promise.race([once(peer, 'message'), once(peer, 'exit')])) as [number];
  if (!peer.connected || !peer.pid) throw new Error('The peer did not start.');
  return { url: `http://127.0.0.1:${port}`, pid: peer.pid, end: () => void peer.kill() };
}
