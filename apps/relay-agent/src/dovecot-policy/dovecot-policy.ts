import { isOpaque, type LoginCheck } from '../login-check.js';

/** What Dovecot's auth-policy expects: 0 lets the login through, -1 refuses it; `msg` is sent to the client. */
export interface PolicyAnswer {
  readonly status: 0 | -1;
  readonly msg: string;
}

const NO_OBJECTION: PolicyAnswer = { status: 0, msg: '' };
/** Dovecot is open by default where it gets an error, so a question that cannot be read is refused. */
const UNREADABLE: PolicyAnswer = { status: -1, msg: 'Temporary authentication failure' };

/**
 * Answers one question of Dovecot's auth-policy, once its password has proved right (`auth_policy_check_after_auth`). `body` is the parsed JSON, with
 * `login`, `remote` and `protocol` among `auth_policy_request_attributes`. A `report` needs no answer: denials are recorded from the question itself.
 * @param query Dovecot adds `command`. The operator may add `except`, a protocol whose mail server asks the agent in another way
 */
export async function answerDovecotPolicy(query: string, body: unknown, check: LoginCheck): Promise<PolicyAnswer> {
  const { command, except } = parametersOf(query);
  if (command === 'report') return NO_OBJECTION;
  const { login, remote, protocol } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  if (command !== 'allow' || except === '' || typeof login !== 'string' || login === '') return UNREADABLE;
  if (except !== undefined && protocol === except) return NO_OBJECTION;
  const decision = await check({ username: login, ip: typeof remote === 'string' ? remote : undefined });
  if (decision.decision === 'allow') return NO_OBJECTION;
  // Without a `msg`, Dovecot's client hears what it hears after a wrong password.
  return { status: -1, msg: isOpaque(decision) ? '' : (decision.reply?.text ?? UNREADABLE.msg) };
}

/** Empty: a query that Dovecot does not send. */
function parametersOf(query: string): { readonly command?: string; readonly except?: string } {
  if (query === 'command=allow') return { command: 'allow' };
  const parameters = [...new URLSearchParams(query)];
  const once = Object.fromEntries(parameters);
  return Object.keys(once).length === parameters.length ? once : {};
}
