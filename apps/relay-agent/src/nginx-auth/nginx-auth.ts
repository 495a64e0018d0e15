import { randomBytes } from 'node:crypto';
import { isOpaque, type LoginCheck } from '../login-check.js';

/** Headers of a question of nginx, or of an answer to it; names in lower case. */
export type AuthHeaders = Readonly<Record<string, string>>;

/** Asks the platform's own backend, with the headers of nginx. Rejects if it does not answer. */
export type AskBackend = (headers: AuthHeaders) => Promise<AuthHeaders>;

/** What nginx sends, and the backend may need. */
const ASKED = /^(auth-|client-|proxy-protocol-|host$)/;
/** What the backend may answer. */
const ANSWERED = /^auth-(status|server|port|user|pass|wait|error-code)$/;

const TRY_LATER = refusal('454 4.7.0', 'Temporary authentication failure');

/**
 * Answers nginx's `auth_http`: the platform's backend checks the password and names the server, then the login is decided. Whatever is not a clear
 * permission of both is a refusal: nginx ignores the status of an answer, and without `Auth-Status` would let the login through.
 */
export async function answerNginx(
  headers: AuthHeaders,
  askBackend: AskBackend | null,
  check: LoginCheck,
): Promise<AuthHeaders> {
  if (askBackend === null) return TRY_LATER;
  const asked = only(headers, ASKED);
  const answer = await verdictOf(askBackend, asked);
  // Mail that needs no password (`smtp_auth none`) is not a login.
  if (answer['auth-status'] !== 'OK' || headers['auth-method'] === 'none') return answer;
  // Who it was that logged in may have another name than the client gave; nginx takes that name as it is.
  const username = answer['auth-user'] ?? decoded(headers['auth-user']);
  if (username === null || username === '') return TRY_LATER;
  const decision = await check({ username, ip: headers['client-ip'] });
  if (decision.decision === 'allow') return answer;
  if (isOpaque(decision)) return answerToAWrongPassword(askBackend, asked);
  const { reply } = decision;
  return reply ? refusal(`${reply.code} ${reply.enhanced}`, reply.text) : TRY_LATER;
}

/** The backend's answer; one that cannot be had, or says neither yes nor no, counts as a refusal. */
async function verdictOf(askBackend: AskBackend, asked: AuthHeaders): Promise<AuthHeaders> {
  try {
    const answer = only(await askBackend(asked), ANSWERED);
    const { 'auth-status': status = '', 'auth-error-code': code = '' } = answer;
    // nginx takes an empty status as none, and sends any code to the client, also 235.
    return status === '' || (status !== 'OK' && !/^([45]|$)/.test(code)) ? TRY_LATER : answer;
  } catch {
    return TRY_LATER;
  }
}

/** The backend alone knows its words: it is asked with a password that cannot be right. */
async function answerToAWrongPassword(askBackend: AskBackend, asked: AuthHeaders): Promise<AuthHeaders> {
  const answer = await verdictOf(askBackend, { ...asked, 'auth-pass': randomBytes(24).toString('hex') });
  return answer['auth-status'] === 'OK' ? TRY_LATER : answer;
}

function refusal(code: string, text: string): AuthHeaders {
  return { 'auth-status': text, 'auth-error-code': code, 'auth-wait': '3' };
}

function only(headers: AuthHeaders, wanted: RegExp): AuthHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => wanted.test(name)));
}

/** nginx escapes the user as in a URL; null where that is not so. */
function decoded(text: string | undefined): string | null {
  try {
    return text === undefined ? null : decodeURIComponent(text);
  } catch {
    return null;
  }
}
