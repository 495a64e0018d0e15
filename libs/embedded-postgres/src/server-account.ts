import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';

/** PostgreSQL's programs refuse to run as root. */
export interface ServerAccount {
  /** If the cluster's files have another owner. */
  readonly ids: Ids | null;
  /** `paths`: the files and folders in the line, with the program's own. */
  command(
    line: readonly [program: string, ...args: string[]],
    paths: readonly string[],
  ): { readonly line: readonly [string, ...string[]]; readonly spawnOptions: Partial<Ids> };
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** For root: the account `postgres`, created if missing, which must enter `folders`. @throws an `Error` that says what to do. */
export function serverAccount(folders: readonly string[]): ServerAccount {
  if (process.getuid?.() !== 0) {
    assertNamed();
    return { ids: null, command: (line) => ({ line, spawnOptions: {} }) };
  }
  const ids = accountOf('postgres') ?? makeAccount('postgres');
  if (folders.every((folder) => mayEnter(folder, ids)))
    return { ids, command: (line) => ({ line, spawnOptions: ids }) };
  return { ids, command: (line, paths) => ({ line: inOpenFolder(line, paths, ids), spawnOptions: {} }) };
}

/** PostgreSQL's programs need their account's name. A container with an arbitrary user id has none. */
function assertNamed(): void {
  try {
    userInfo();
  } catch (error) {
    const uid = process.getuid?.();
    throw new Error(
      `PostgreSQL needs an account with a name, and user id ${uid} has no entry in /etc/passwd. As root run ` +
        `\`useradd --uid ${uid} --no-create-home postern\`, or start Postern as a user that has an entry.`,
      { cause: error },
    );
  }
}

/** Only in the server's view of the files; on the machine it stays empty. */
const OPEN_FOLDER = '/run/postern';

/**
 * Root's checkout is often below a folder that only root may enter (`/root`, `mktemp -d`). The server then gets its own view of the files (a mount
 * namespace). It has no capability: with CAP_DAC_OVERRIDE, SQL could read every file of the machine. The folders' modes are unchanged.
 */
function inOpenFolder(line: readonly string[], paths: readonly string[], { uid, gid }: Ids): [string, ...string[]] {
  // The longest first, because one may be the beginning of another.
  const byLength = [...paths].sort((a, b) => b.length - a.length);
  const shown = (text: string) =>
    byLength.reduce((rest, path) => rest.replaceAll(path, `${OPEN_FOLDER}/${paths.indexOf(path)}`), text);
  const script = `
    set -e
    mkdir -p ${OPEN_FOLDER}
    mount -t tmpfs -o mode=755,size=64k tmpfs ${OPEN_FOLDER}
    for n in $(seq 0 ${paths.length - 1}); do
      if [ -d "$1" ]; then mkdir ${OPEN_FOLDER}/$n; else : > ${OPEN_FOLDER}/$n; fi
      mount --bind "$1" ${OPEN_FOLDER}/$n
      shift
    done
    exec setpriv --reuid=${uid} --regid=${gid} --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"`;
  const namespace = ['unshare', '--mount', '--propagation', 'private', '--'] as const;
  return [...namespace, 'sh', '-c', script, 'sh', ...paths, ...line.map(shown)];
}

function mayEnter(folder: string, ids: Ids): boolean {
  try {
    execFileSync('test', ['-x', folder], { ...ids, cwd: '/', stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

function accountOf(name: string): Ids | null {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

function makeAccount(name: string): Ids {
  try {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name]);
  } catch (error) {
    throw new Error(
      'PostgreSQL does not run as root, and the account "postgres" could not be created. Start Postern as another user, or create that account.',
      { cause: error },
    );
  }
  const ids = accountOf(name);
  if (!ids) throw new Error('The account "postgres" was created but cannot be found.');
  return ids;
}
