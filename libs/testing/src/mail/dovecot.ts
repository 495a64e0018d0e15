import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programFile } from '../programs.js';
import { startServer, type ServerProcess } from '../server-process.js';

export interface DovecotOptions {
  /** For all of its files; its parents can be entered by other users. */
  readonly folder: string;
  /** Username to password. */
  readonly users: Readonly<Record<string, string>>;
  /** Lines for its configuration, as an operator adds them. */
  readonly configuration: string;
  /** The unix sockets and ports that it then listens on. */
  readonly accepts: Parameters<typeof startServer>[2];
  /** Null: it serves no IMAP. */
  readonly imapPort?: number | null;
}

/** Starts a Dovecot 2.3 of its own, which checks passwords. */
export async function startDovecot(options: DovecotOptions): Promise<ServerProcess> {
  const { folder, users, configuration, accepts, imapPort = null } = options;
  await mkdir(join(folder, 'mail'), { recursive: true });
  for (const each of [folder, join(folder, 'mail')]) await chmod(each, 0o777);
  const passwords = Object.entries(users).map(([username, password]) => `${username}:${password}\n`);
  await writeFile(join(folder, 'users'), passwords.join(''));
  const file = join(folder, 'dovecot.conf');
  await writeFile(file, `${base(folder, imapPort)}\n${configuration}`);
  return startServer(programFile('dovecot', 'dovecot-core'), ['-F', '-c', file], accepts, join(folder, 'output'));
}

/** What an installed Dovecot has: folders, users and passwords. Here a wrong password costs its next attempts no pause. */
function base(folder: string, imapPort: number | null): string {
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
protocols = ${imapPort === null ? '' : 'imap'}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:${folder}/mail
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${folder}/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=${folder}/mail
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = ${imapPort ?? 0}
  }
  inet_listener imaps {
    port = 0
  }
}
`;
}
