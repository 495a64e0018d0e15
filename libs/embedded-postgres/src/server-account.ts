import { execFileSync } from 'node:child_process';

/** Under whose name PostgreSQL's programs run: PostgreSQL refuses to run as root. */
export interface ServerAccount {
  /** Who must own the cluster's files, where it is not our own account. */
  readonly ids: Ids | null;
  /** What stands before a program on its command line. */
  readonly prefix: readonly string[];
  readonly spawnOptions: { readonly uid?: number; readonly gid?: number };
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Our own account; as root the account `postgres`, which is made if it is not there. `folders` are those it must enter. */
export function serverAccount(folders: readonly string[]): ServerAccount {
  if (process.getuid?.() !== 0) return { ids: null, prefix: [], spawnOptions: {} };
  const ids = accountOf('postgres') ?? makeAccount('postgres');
  return folders.every((folder) => mayEnter(folder, ids))
    ? { ids, prefix: [], spawnOptions: ids }
    : { ids, prefix: throughClosedFolders(ids), spawnOptions: {} };
}

/**
 * Root's checkout often lies below a folder that only root may enter (`/root`, `mktemp -d`). There the server keeps
 * the one capability that lets it pass, and nothing else of root's; the folders' own modes stay as they are.
 */
function throughClosedFolders({ uid, gid }: Ids): readonly string[] {
  const capability = '+dac_override';
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
    // Without it access(2), by which initdb looks for its companions, leaves the capability out of account.
    '--securebits=+no_setuid_fixup',
    '--',
  ];
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
      'PostgreSQL does not run as root, and the account "postgres" could not be made. Start Postern as another user, or make that account.',
      { cause: error },
    );
  }
  const ids = accountOf(name);
  if (!ids) throw new Error('The account "postgres" was made but cannot be found.');
  return ids;
}
