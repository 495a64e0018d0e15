// What one process at a time holds: a folder with the holder's pid in it. Who was killed holds nothing: the next one takes over.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LOOK_AGAIN_MS = 200;

/**
 * Does `work` while nobody else holds `folder`. Throws where another holds it for longer than `limitMs`.
 * @param waiting called once with the pid of each other process that is waited for
 */
export function withLock(folder, { limitMs, waiting }, work) {
  take(folder, limitMs, waiting);
  try {
    return work();
  } finally {
    giveBack(folder);
  }
}

function take(folder, limitMs, waiting) {
  const until = Date.now() + limitMs;
  let told = null;
  while (!make(folder)) {
    const holder = holderOf(folder);
    if (holder !== null && !isAlive(holder) && takeOver(folder, holder)) return;
    if (holder !== null && holder !== told && isAlive(holder)) waiting((told = holder));
    if (Date.now() > until) {
      throw new Error(
        `Another npm command (pid ${holder}) has held ${folder} for ${limitMs / 60_000} minutes. End it if it hangs; if it is none of ours, delete that folder.`,
      );
    }
    sleep(LOOK_AGAIN_MS);
  }
}

/** Made beside its place and moved there: no moment at which it stands without its pid. A folder that is not empty stays. */
function make(folder) {
  if (existsSync(folder)) return false;
  const making = `${folder}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  writeFileSync(join(making, 'pid'), `${process.pid}\n`);
  try {
    renameSync(making, folder);
    return true;
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    if (existsSync(folder) || error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Of several that find the holder dead, one makes this folder. */
function takeOver(folder, dead) {
  const claim = join(folder, `after-${dead}`);
  try {
    mkdirSync(claim);
  } catch {
    return false;
  }
  // Between our look and our claim another may have taken over and given back, and a third one holds it.
  if (holderOf(folder) !== dead) {
    rmSync(claim, { recursive: true, force: true });
    return false;
  }
  writeFileSync(join(claim, 'pid'), `${process.pid}\n`);
  renameSync(join(claim, 'pid'), join(folder, 'pid'));
  return true;
}

function giveBack(folder) {
  const away = `${folder}.${process.pid}`;
  renameSync(folder, away);
  rmSync(away, { recursive: true, force: true });
}

/** Null where it was given back this moment. */
function holderOf(folder) {
  try {
    return Number(readFileSync(join(folder, 'pid'), 'utf8'));
  } catch {
    return null;
  }
}

/** A pid that is our own is that of one before us, in a container that starts at the same numbers again. */
function isAlive(pid) {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
