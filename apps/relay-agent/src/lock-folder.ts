import { createServer } from 'node:net';
import { join } from 'node:path';
import { SettingInvalid } from '@postern/settings';
import { listenAt } from './listen/listen.js';

/** The limit of all systems; a longer path would be cut. */
const LONGEST_SOCKET_PATH = 103;

/** Two processes would send the same denials. The kernel releases the lock, a listening socket, at any end of one. @throws `SettingInvalid`. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock.sock');
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH)
    throw new SettingInvalid(
      `POSTERN_AGENT_DATA_DIR ${folder} is too long: choose a folder with a path of at most 90 bytes.`,
    );
  const server = createServer((socket) => socket.destroy());
  await listenAt(server, { path }, { mode: 0o600, owner: null }, 'POSTERN_AGENT_DATA_DIR').catch((error: Error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'EADDRINUSE') throw error;
    throw new SettingInvalid(
      `POSTERN_AGENT_DATA_DIR ${folder} is used by another agent: stop that agent, or choose another folder.`,
    );
  });
  return () => new Promise((resolve) => server.close(() => resolve()));
}
