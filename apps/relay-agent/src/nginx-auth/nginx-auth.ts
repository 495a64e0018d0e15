import { randomBytes } from 'node:crypto';
import { isOpaque, type LoginCheck } from '../login-check.js';

/** Names in lower case. */
export type AuthHeaders = Readonly<Record<string, string>>;

/** Rejects if the backend does not answer. */
export type AskBackend = (headers: AuthHeaders) => Promise<AuthHeaders>;

const REQUEST_HEADERS = /^(auth-|client-|proxy-protocol-|host$)/;
const ANSWER_HEADERS = /^auth-(status|server|port|user|pass|wait|error-code)$/;

const TRY_LATER = refusal('454 4.7.0', 'Temporary authentication failure');

/**
 * The backend checks the password and chooses the server, then Postern decides. Everything but a clear permission of both is refused, because
 * nginx ignores the status of an answer and without `Auth-Status` would allow the login.
 */
export async function answerNginx(
  headers: AuthHeaders,
  askBackend: AskBackend | null,
  check: LoginCheck,
): Promise<AuthHeaders> {
  if (askBackend === null) return TRY_LATER;
  const request = only(headers, REQUEST_HEADERS);
  const answer = await verdictOf(askBackend, request);
  // Mail without a password (`smtp_auth none`) is not a login.
  if (answer['auth-status'] !== 'OK' || headers['auth-method'] === 'none') return answer;
  // The backend may return another username than the client's, which nginx uses unchanged.
  const username = answer['auth-user'] ?? decoded(headers['auth-user']);
  if (username === null || username === '') return TRY_LATER;
  const decision = await check({ username, ip: headers['client-ip'] });
  if (decision.decision === 'allow') return answer;
  if (isOpaque(decision)) return answerToAWrongPassword(askBackend, request);
  const { reply } = decision;
  return reply ? refusal(`${reply.code} ${reply.enhanced}`, reply.text) : TRY_LATER;
}

/** An error, or an answer that is neither yes nor no, counts as a refusal. */
async function verdictOf(askBackend: AskBackend, request: AuthHeaders): Promise<AuthHeaders> {
  try {
    const answer = only(await askBackend(request), ANSWER_HEADERS);
    const { 'auth-status': status = '', 'auth-error-code': code = '' } = answer;
    // nginx treats an empty status as none, and sends any code to the client, even 235.
    return status === '' || (status !== 'OK' && !/^([45]|$)/.test(code)) ? TRY_LATER : answer;
  } catch {
    return TRY_LATER;
  }
}

/** Only the backend has its text for a wrong password, so send it one. */
async function answerToAWrongPassword(askBackend: AskBackend, request: AuthHeaders): Promise<AuthHeaders> {
  const answer = await verdictOf(askBackend, { ...request, 'auth-pass': randomBytes(24).toString('hex') });
  return answer['auth-status'] === 'OK' ? TRY_LATER : answer;
}

function refusal(code: string, text: string): AuthHeaders {
  return { 'auth-status': text, 'auth-error-code': code, 'auth-wait': '3' };
}

function only(headers: AuthHeaders, names: RegExp): AuthHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.test(name)));
}

/** nginx URL-encodes the user; null if the encoding is wrong. */
function decoded(text: string | undefined): string | null {
  try {
    return text === undefined ? null : decodeURIComponent(text);
  } catch {
    return null;
  }
}
