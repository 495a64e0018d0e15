import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Decision } from '@postern/relay-client';
import type { Serve } from '../listen/listener.js';
import type { LoginCheck } from '../login-check.js';
import { readRequests } from './read-requests.js';

/** Postfix also asks other restrictions: no opinion is not a permission. */
const NO_OPINION = 'DUNNO';

/**
 * Postfix asks at MAIL or RCPT, so a user who is restricted during a session is refused at the next message. A peer with another protocol is
 * disconnected; Postfix then applies `smtpd_policy_service_default_action`.
 */
export function servePostfixPolicy(check: LoginCheck, ...[socket, ask]: Parameters<Serve>): Promise<void> {
  return pipeline(
    socket,
    async function* (requests: Readable) {
      for await (const { username, ip } of readRequests(requests)) {
        const answered = ask();
        const action = username === '' ? NO_OPINION : actionOf(await check({ username, ip }));
        answered();
        yield `action=${action}\n\n`;
      }
    },
    socket,
  );
}

/** An access(5) action. Postfix sends `535` unchanged; `REJECT 535 …` would become 554. */
function actionOf({ decision, reply }: Decision): string {
  if (decision === 'allow' || !reply) return NO_OPINION;
  const text = `${reply.enhanced} ${reply.text}`;
  return decision === 'deny' ? `${reply.code} ${text}` : `DEFER_IF_PERMIT ${text}`;
}
