import { readFile } from 'node:fs/promises';
import { unwatchFile, watchFile } from 'node:fs';

export interface KeyFile {
  readonly path: string;
  /** How often the file is checked for a change. Default: 5 s. */
  readonly everyMs?: number;
}

/** The API key in a file, without the line break at its end. */
export async function readKeyFile({ path }: KeyFile): Promise<string> {
  return (await readFile(path, 'utf8')).trim();
}

/**
 * Reads the key again when the file changes, and on SIGHUP. Reports an unreadable or unusable key, and keeps the last one. Polling also
 * notices a renamed file and a moved link, which is how secrets are mounted. Returns a stop function.
 */
export function followKeyFile(
  file: KeyFile,
  onKey: (key: string) => void,
  onProblem: (detail: string) => void,
): () => void {
  const read = (): void =>
    void readKeyFile(file)
      .then(onKey)
      .catch((error: unknown) => {
        onProblem(`${file.path} has no usable key; the old one stays in use: ${String(error)}`);
      });
  watchFile(file.path, { interval: file.everyMs ?? 5_000, persistent: false }, read);
  process.on('SIGHUP', read);
  return () => {
    unwatchFile(file.path, read);
    process.off('SIGHUP', read);
  };
}
