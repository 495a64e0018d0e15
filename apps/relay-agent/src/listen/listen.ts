import { chmod, chown, lstat, rm, stat } from 'node:fs/promises';
import { createConnection, type Server } from 'node:net';
import { dirname } from 'node:path';
import { SettingInvalid } from '@postern/settings';

export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** `systemd`: a socket with this FileDescriptorName, opened by systemd (sd_listen_fds(3)). */
export type ListenAddress = Address | { readonly systemd: string };

export interface SocketAccess {
  readonly mode: number;
  /** Null: the agent's user and group. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

export function addressText(address: ListenAddress): string {
  if ('systemd' in address) return `systemd:${address.systemd}`;
  if ('path' in address) return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** Returns the address with the port chosen for 0. @throws `SettingInvalid`. */
export async function listenAt(
  server: Server,
  address: ListenAddress,
  access: SocketAccess,
  name: string,
): Promise<ListenAddress> {
  try {
    if ('path' in address) {
      // For a missing folder, libuv reports EACCES.
      await stat(dirname(address.path));
      await removeStaleSocket(address.path);
    }
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen('systemd' in address ? passedSocket(address.systemd) : address, () => {
        server.off('error', reject);
        resolve();
      });
    });
    if ('path' in address) {
      await chmod(address.path, access.mode);
      if (access.owner) await chown(address.path, access.owner.uid, access.owner.gid);
    }
  } catch (error) {
    server.close();
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new SettingInvalid(`${name} ${addressText(address)} ${REASONS[code] ?? `cannot be used: ${message}`}`, {
      cause: error,
    });
  }
  const bound = server.address();
  return !('port' in address) || typeof bound !== 'object' || bound === null
    ? address
    : { ...address, port: bound.port };
}

/** File descriptors from 3 on. LISTEN_PID is ignored: `postern-agent` starts this process and passes them on. */
function passedSocket(name: string): { fd: number } {
  const index = (process.env['LISTEN_FDNAMES'] ?? '').split(':').indexOf(name);
  if (index < 0) throw Object.assign(new Error(name), { code: 'ENOTPASSED' });
  return { fd: 3 + index };
}

/** A killed process leaves its socket file. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (!found) return;
  if (!found.isSocket()) throw Object.assign(new Error(path), { code: 'ENOTSOCK' });
  if (await isReached({ path })) throw Object.assign(new Error(path), { code: 'EADDRINUSE' });
  await rm(path, { force: true });
}

export function isReached(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(address);
    const answered = (is: boolean) => () => {
      probe.destroy();
      resolve(is);
    };
    probe.setTimeout(REACH_TIMEOUT_MS, answered(false));
    // A socket without permission or free capacity is not stale.
    probe.once('error', ({ code }: NodeJS.ErrnoException) => answered(code === 'EACCES' || code === 'EAGAIN')());
    probe.once('connect', answered(true));
  });
}

const REACH_TIMEOUT_MS = 5_000;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken: stop the process that uses it, or choose another address.',
  EADDRNOTAVAIL: 'is not an address of this machine.',
  ENOTFOUND: 'has a host name that does not resolve.',
  EACCES: 'is not allowed for this user: choose another address, or give the user the right.',
  EPERM: 'cannot be given the owner and mode that are set: only root may give a socket to another user.',
  ENOENT: 'is in a folder that does not exist: create it, or choose another path.',
  ENOTPASSED:
    'was not passed by systemd: enable a .socket unit with this FileDescriptorName, and start the agent with systemctl.',
  ENOTSOCK: 'is a file, not a socket: remove it, or choose another path.',
};
