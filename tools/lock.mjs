import { spawnSync } from 'node:child_process';

const BUSY = 75;

/**
 * Runs `node <args>` while no other process holds the lock on `file`, by flock of util-linux: whatever ends the holder, the kernel takes
 * its lock back. Without flock, as on macOS and Windows, it runs without a lock. Returns the exit code, or `busy` where another one
 * held the lock for longer than `limitSeconds`.
 * @param waiting called once where another one holds the lock
 */
export function runLocked(file, args, { limitSeconds, waiting }) {
  const flock = (options, ...command) =>
    spawnSync('flock', [...options, file, ...command], { stdio: ['ignore', 2, 2] });
  const first = flock(['--nonblock'], 'true');
  if (first.error) return spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] }).status;
  if (first.status !== 0) waiting();
  const { status } = flock(
    ['--wait', String(limitSeconds), '--conflict-exit-code', String(BUSY)],
    process.execPath,
    ...args,
  );
  return status === BUSY ? 'busy' : status;
}
