import { UnexpectedAnswer, readJson } from './control-plane.js';
import type { ControlPlane } from './control-plane.js';

interface Reports {
  readonly path: string;
  readonly body: object;
  readonly headers?: Record<string, string>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** @throws the errors of `ask`; UnexpectedAnswer if `read` returns null. Postern may have the reports then: send them again, with the same ids. */
export async function sendReports<Result>(
  plane: ControlPlane,
  { path, body, headers, timeoutMs: idleMs, signal }: Reports,
  read: (answer: Readonly<Record<string, unknown>>) => Result | null,
): Promise<Result> {
  const question = {
    method: 'POST',
    accept: 'application/json',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    idleMs,
    signal,
  } as const;
  return plane.ask(path, question, async (response) => {
    const answer = await readJson(response, `POST ${path}`);
    const found = typeof answer === 'object' && answer !== null ? read(answer as Record<string, unknown>) : null;
    if (found !== null) return found;
    const what = `it does not account for everything sent: ${JSON.stringify(answer)}`;
    throw new UnexpectedAnswer(`POST ${path}`, what);
  });
}
