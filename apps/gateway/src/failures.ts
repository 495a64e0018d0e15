/** What became of a request that got no answer. */
export type Failure = 'not-sent' | 'cut-off' | 'too-late';

/** Of these, nothing has reached the service. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const TOO_LATE = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** Reads the error of the client library, or its cause. */
export function failureOf(error: Error): { readonly failure: Failure; readonly code: string } {
  const code = codeOf(error.cause) ?? codeOf(error) ?? error.message;
  if (NOT_SENT.has(code)) return { failure: 'not-sent', code };
  return { failure: TOO_LATE.has(code) ? 'too-late' : 'cut-off', code };
}

/** Whether another instance may be asked: nothing was done yet, or doing it twice is the same as once. */
export function mayAskAnother(failure: Failure, method: string): boolean {
  return failure === 'not-sent' || (failure === 'cut-off' && (method === 'GET' || method === 'HEAD'));
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
