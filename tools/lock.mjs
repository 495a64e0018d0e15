import { spawnSync } from 'node:child_process';

const BUSY = 75;

/**
 * Runs `node <args>` under a lock on `file` (flock of util-linux), which the kernel releases at any end of the process. Without flock, as on macOS and
 * Windows, it runs without a lock. Returns the exit code, or `busy` if another process had the lock for longer than `limitSeconds`.
 * @param waiting called once if another process has the lock
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
