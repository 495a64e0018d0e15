import { usageFailure } from '../failure.js';

/** A list of 1,000 entries with notes is below it. */
const LONGEST = 1_000_000;

/** All of standard input. Throws a usage failure beyond 1,000,000 characters. */
export async function readStandardInput(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) {
    text += chunk as string;
    if (text.length > LONGEST) throw usageFailure('Standard input is too long: 1,000,000 characters at most.');
  }
  return text;
}
