import { createServer } from 'node:net';
import { join } from 'node:path';
import { SettingInvalid } from '@postern/settings';
import { listenAt } from './listen/listen.js';

/** What the systems have in common; a longer path would be cut off. */
const LONGEST_SOCKET_PATH = 103;

/**
 * Keeps the data folder to this process: two would send the same denials and overwrite each other's files. The lock is a socket that the process
 * listens on, so the kernel takes it back whatever ends the process. Returns what unlocks it. Throws `SettingInvalid`.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock.sock');
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH)
    throw new SettingInvalid(
      `POSTERN_AGENT_DATA_DIR ${folder} is too long: name a folder with a path of 90 bytes or less.`,
    );
  const server = createServer((socket) => socket.destroy());
  await listenAt(server, { path }, { mode: 0o600, owner: null }, 'POSTERN_AGENT_DATA_DIR').catch((error: Error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'EADDRINUSE') throw error;
    throw new SettingInvalid(
      `POSTERN_AGENT_DATA_DIR ${folder} is used by another agent: stop that, or name another folder.`,
    );
  });
  return () => new Promise((resolve) => server.close(() => resolve()));
}
