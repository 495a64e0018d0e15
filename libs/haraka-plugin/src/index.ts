/* oxlint-disable no-this-in-exported-function -- Haraka makes the exports the methods of its plugin. */
import type { CheckPassword, Connection, HarakaPlugin, Next } from './haraka.js';
import { loginsBy, nodesOf, settingsOf, type Logins } from './logins.js';

/** Haraka's answer to a wrong password; a decision with it is *opaque*. */
const AS_A_WRONG_PASSWORD = '5.7.8';

interface PosternPlugin extends HarakaPlugin {
  logins: Logins;
}

/** Replaces the plugin that checks passwords and inherits from it. For PLAIN, LOGIN, and CRAM-MD5 if offered. */
export function register(this: PosternPlugin): void {
  const settings = settingsOf(this);
  this.logins = loginsBy(settings, this);
  this.inherits(settings.auth);
  for (const method of ['check_plain_passwd', 'check_cram_md5_passwd'] as const) {
    const check = this[method];
    if (check) this[method] = decidedAfter(check, this.logins);
  }
  this.register_hook(nodesOf(this) === '0' ? 'init_master' : 'init_child', 'start_postern');
  this.register_hook('mail', 'decide_again');
}

/** In each process that serves connections. Haraka already listens: without policies, logins are deferred. */
export async function start_postern(this: PosternPlugin, next: Next): Promise<void> {
  try {
    await this.logins.start();
    next();
  } catch (error) {
    next(DENY, String(error));
  }
}

/** A second check: a user who is restricted, or was accepted by another plugin, is refused at the next message. */
export async function decide_again(this: PosternPlugin, next: Next, { notes, remote }: Connection): Promise<void> {
  if (notes.auth_user === undefined) return next();
  const { decision, reply } = await this.logins.check(notes.auth_user, remote.ip);
  if (decision === 'allow') next();
  else next(decision === 'deny' ? DENY : DENYSOFT, `${reply?.enhanced} ${reply?.text}`);
}

export function shutdown(this: PosternPlugin): void {
  void this.logins.stop();
}

function decidedAfter(check: CheckPassword, logins: Logins): CheckPassword {
  return function (connection, user, password, answer) {
    check.call(this, connection, user, password, async (valid, options) => {
      if (!valid) return answer(false, options);
      const { decision, reply } = await logins.check(user, connection.remote.ip);
      if (decision === 'allow') answer(true, options);
      else if (!reply || reply.enhanced === AS_A_WRONG_PASSWORD) answer(false);
      else answer(false, { code: reply.code, message: `${reply.enhanced} ${reply.text}` });
    });
  };
}
