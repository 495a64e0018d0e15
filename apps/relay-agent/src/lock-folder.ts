import { createServer } from 'node:net';
import { join } from 'node:path';
import { SettingInvalid } from '@postern/settings';
import { listenAt } from './listen/listen.js';

/** The limit of all systems; a longer path would be cut. */
const LONGEST_SOCKET_PATH = 103;

/**
 * Locks the data folder for this process: two would send the same denials and overwrite each other's files. The lock is
 * a listening socket, which the kernel releases at any end of the process. Returns a function that unlocks it.
 * @throws `SettingInvalid`.
 */
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
