import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { usageFailure } from '../failure.js';
import { readStandardInput } from '../input/standard-input.js';

export interface KeySources {
  /** `-` is standard input. */
  readonly keyFile: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** Whether Postern listens on this machine: the operator's key of its data folder goes nowhere else. */
  readonly onThisMachine: boolean;
}

/**
 * The API key: of `--key-file`, else of POSTERN_KEY, POSTERN_KEY_FILE, or for a Postern on this machine of
 * `<POSTERN_DATA_DIR>/operator-key`. There is no option with the key itself: it would stand in the list of processes.
 */
export async function findKey({ keyFile, environment, onThisMachine }: KeySources): Promise<string> {
  if (keyFile === '-') return checked(await readStandardInput(), 'standard input');
  if (keyFile !== undefined) return fromFile(keyFile, '--key-file');
  if (environment['POSTERN_KEY']) return checked(environment['POSTERN_KEY'], 'POSTERN_KEY');
  if (environment['POSTERN_KEY_FILE']) return fromFile(environment['POSTERN_KEY_FILE'], 'POSTERN_KEY_FILE');
  const operatorKey = join(environment['POSTERN_DATA_DIR'] || '.postern', 'operator-key');
  const found = onThisMachine ? await readFile(operatorKey, 'utf8').catch(() => null) : null;
  if (found !== null) return checked(found, operatorKey);
  throw usageFailure(
    'There is no API key. Set POSTERN_KEY, or POSTERN_KEY_FILE or --key-file to a file that has it' +
      (onThisMachine ? `; an operator's key would be taken from ${operatorKey}, which cannot be read.` : '.'),
  );
}

async function fromFile(file: string, source: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw usageFailure(`${source}: ${error instanceof Error ? error.message : String(error)}`);
  });
  return checked(text, file);
}

/** The message must not show what was taken for a key. */
function checked(text: string, source: string): string {
  const key = text.trim();
  if (/^pst_[\w-]{1,250}$/.test(key)) return key;
  throw usageFailure(`What ${source} has is no API key: one begins with pst_ and has no white space in it.`);
}
