import { createInterface } from 'node:readline/promises';
import { EXIT, Failure, usageFailure } from './failure.js';

/** Asks before an irreversible change. @throws a usage failure without a terminal; ends with "no" unless confirmed. */
export async function confirm(question: string, { yes = false }: { readonly yes?: boolean }): Promise<void> {
  if (yes) return;
  if (!canAsk())
    throw usageFailure(`${question}\nThere is no terminal to ask on. Use --yes to continue without the question.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  terminal.on('close', () => closed.abort());
  const answer = await terminal.question(`${question} [y/N] `, { signal: closed.signal }).catch(() => '');
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure(EXIT.no, 'Nothing was changed.');
}

export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}
