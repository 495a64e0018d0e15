import { isOpaque, type LoginCheck } from '../login-check.js';

/** Dovecot's auth-policy: 0 allows the login, -1 refuses it; `msg` is sent to the client. */
export interface PolicyAnswer {
  readonly status: 0 | -1;
  readonly msg: string;
}

const NO_OBJECTION: PolicyAnswer = { status: 0, msg: '' };
/** On an error, Dovecot allows the login, so an unreadable request is refused. */
const UNREADABLE: PolicyAnswer = { status: -1, msg: 'Temporary authentication failure' };

/**
 * Answers after a correct password (`auth_policy_check_after_auth`). `body` is the parsed JSON, with `login`, `remote` and `protocol` in
 * `auth_policy_request_attributes`. Dovecot adds `command` to the query. The operator may add `except`, a protocol whose mail server asks
 * the agent in another way. A `report` needs no answer, because denials are recorded from the request.
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
  // Without `msg`, the client gets the same answer as after a wrong password.
  return { status: -1, msg: isOpaque(decision) ? '' : (decision.reply?.text ?? UNREADABLE.msg) };
}

/** Empty for a query that Dovecot does not send. */
function parametersOf(query: string): { readonly command?: string; readonly except?: string } {
  if (query === 'command=allow') return { command: 'allow' };
  const parameters = [...new URLSearchParams(query)];
  const once = Object.fromEntries(parameters);
  return Object.keys(once).length === parameters.length ? once : {};
}
