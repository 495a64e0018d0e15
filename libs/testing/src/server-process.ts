import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { until } from './until.js';

/** A server of somebody else's (nginx, Dovecot …) that runs in the foreground as a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  /** Everything it has printed so far. */
  output(): string;
  /** Ends it, by SIGTERM or as `ask` does it, and waits for the end. */
  stop(ask?: () => Promise<unknown> | void): Promise<void>;
}

/**
 * Starts it, and waits until it accepts connections at each of these addresses. Throws with what it printed when it ends before. It prints into
 * `outputFile`: a server may open /dev/stdout by its name, which cannot be done with the socket that would be a pipe of ours.
 */
export async function startServer(
  program: string,
  args: readonly string[],
  accepts: readonly NetConnectOpts[],
  outputFile: string,
): Promise<ServerProcess> {
  const file = openSync(outputFile, 'a');
  const child = spawn(program, args, { stdio: ['ignore', file, file] });
  closeSync(file);
  const ended = once(child, 'exit');
  const output = () => readFileSync(outputFile, 'utf8');
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${program} did not start. It printed:\n${output()}`);
    return (await Promise.all(accepts.map(acceptsAt))).every(Boolean);
  }, `${program} accepts connections`);
  return {
    pid: child.pid ?? 0,
    output,
    stop: async (ask = () => void child.kill('SIGTERM')) => {
      await ask();
      await ended;
    },
  };
}

async function acceptsAt(address: NetConnectOpts): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
