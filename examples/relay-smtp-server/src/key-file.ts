import { readFile } from 'node:fs/promises';
import { unwatchFile, watchFile } from 'node:fs';

/** The API key in a file, without the line break at its end. */
export async function readKeyFile(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).trim();
}

/**
 * Reads the key again when the file changes. Reports an unreadable or unusable key, and keeps the last one. Polling also notices
 * a renamed file and a moved link, which is how secrets are mounted. Returns a stop function.
 */
export function followKeyFile(path: string, setKey: (key: string) => void, everyMs = 5_000): () => void {
  const read = (): void =>
    void readKeyFile(path)
      .then(setKey)
      .catch((error: unknown) => {
        console.error(`${path} has no usable key; the old one stays in use: ${String(error)}`);
      });
  watchFile(path, { interval: everyMs, persistent: false }, read);
  return () => unwatchFile(path, read);
}
