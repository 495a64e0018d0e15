import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@postern/observe';
import type { Running } from '@postern/process-life';
import { startAgent } from '../agent.js';
import { loadAgentSettings } from '../settings.js';

export const RELAY_KEY = 'pst_relay_01a20ae6-f24f-7793-ac66-e5da32839d9c_0123456789abcdef0123';

/** An agent in the process of the test, on free ports and sockets in a folder of its own. */
export interface TestAgent extends Running {
  readonly folder: string;
  readonly postfix: NetConnectOpts;
  readonly dovecotAuth: NetConnectOpts;
  /** What it logged, each line as JSON. */
  readonly logged: string[];
}

export async function startTestAgent(environment: NodeJS.ProcessEnv): Promise<TestAgent> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-agent-'));
  const logged: string[] = [];
  const logger = createLogger('info', [], { write: (line) => void logged.push(line) });
  const settings = loadAgentSettings(
    {
      POSTERN_RELAY_KEY: RELAY_KEY,
      POSTERN_RELAY_NAME: 'mx1',
      POSTERN_AGENT_DATA_DIR: join(folder, 'data'),
      POSTERN_AGENT_HTTP: '127.0.0.1:0',
      POSTERN_AGENT_POSTFIX: `unix:${join(folder, 'policy')}`,
      ...(environment['POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM']
        ? { POSTERN_AGENT_DOVECOT_AUTH: `unix:${join(folder, 'auth')}` }
        : {}),
      ...environment,
    },
    null,
  );
  try {
    const running = await startAgent(settings, logger);
    return {
      ...running,
      folder,
      logged,
      postfix: { path: join(folder, 'policy') },
      dovecotAuth: { path: join(folder, 'auth') },
      stop: async () => {
        await running.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * What the listener answers to these bytes until it closes the connection. `until`: or until its answer ends so; `end`: the client says that
 * nothing follows.
 */
export function exchange(
  address: NetConnectOpts,
  bytes: string | Buffer,
  options: { readonly until?: string; readonly end?: boolean } = {},
): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(address, () => {
      if (options.end) socket.end(bytes);
      else socket.write(bytes);
    });
    socket.on('data', (chunk) => {
      answer += String(chunk);
      if (options.until !== undefined && answer.endsWith(options.until)) socket.destroy();
    });
    // What it closes while bytes are still on their way ends so.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}
