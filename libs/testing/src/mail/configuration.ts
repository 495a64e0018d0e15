import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** From the sources under jest, or from `dist`. */
const EXAMPLES = join(
  import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]testing[\\/]src[\\/]mail$/, ''),
  'examples',
);

/**
 * A file below examples/ where only ports, folders and users are put in: each text on the left is replaced wherever it occurs. Throws when the file does
 * not have it, so that a test uses what the example says.
 */
export async function exampleFile(path: string, replaced: Readonly<Record<string, string>> = {}): Promise<string> {
  let text = await readFile(join(EXAMPLES, path), 'utf8');
  for (const [from, to] of Object.entries(replaced)) {
    if (!text.includes(from)) throw new Error(`examples/${path} does not have ${JSON.stringify(from)}.`);
    text = text.replaceAll(from, to);
  }
  return text;
}
