import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';

/** Under whose name PostgreSQL's programs run: PostgreSQL refuses to run as root. */
export interface ServerAccount {
  /** Set where it is not our own account. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
  /** What stands before the program on its command line. */
  prefix(program: string): readonly string[];
  spawnOptions(program: string): { uid?: number; gid?: number };
}

const OWN_ACCOUNT: ServerAccount = { ids: null, prefix: () => [], spawnOptions: () => ({}) };

/** Our own account; as root the account `postgres`, which is made if it is not there. */
export async function serverAccount(): Promise<ServerAccount> {
  if (process.getuid?.() !== 0) return OWN_ACCOUNT;
  const ids = accountOf('postgres') ?? makeAccount('postgres');
  return {
    ids,
    prefix: (program) => (reachable(program, ids) ? [] : throughClosedFolders(ids)),
    spawnOptions: (program) => (reachable(program, ids) ? ids : {}),
  };
}

/**
 * Root's checkout often lies below a folder that only root may enter (`/root`, `mktemp -d`). There the server keeps
 * the one capability that lets it pass, and nothing else of root's; the folders' own modes stay as they are.
 */
function throughClosedFolders(ids: { uid: number; gid: number }): readonly string[] {
  const capability = '+dac_override';
  return [
    'setpriv',
    `--reuid=${ids.uid}`,
    `--regid=${ids.gid}`,
    '--clear-groups',
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
    '--',
  ];
}

function reachable(program: string, ids: { uid: number; gid: number }): boolean {
  try {
    execFileSync(program, ['--version'], { ...ids, cwd: '/', stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    accessSync(dirname(program), constants.R_OK);
    return false;
  }
}

function accountOf(name: string): { uid: number; gid: number } | null {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

function makeAccount(name: string): { uid: number; gid: number } {
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
