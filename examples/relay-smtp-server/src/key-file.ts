import { readFile } from 'node:fs/promises';
import { unwatchFile, watchFile } from 'node:fs';

export interface KeyFile {
  readonly path: string;
  /** How often the file is looked at. Default: 5 s. */
  readonly everyMs?: number;
}

/** The API key in a file, without the line break at its end. */
export async function readKeyFile({ path }: KeyFile): Promise<string> {
  return (await readFile(path, 'utf8')).trim();
}

/**
 * Reads the key again when the file changes, and on SIGHUP. What can't be read or used is reported, and the last key stays in use.
 * Looking by time also sees a file that was renamed into place, and a link that was moved, as secrets are mounted. Gives what ends it.
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
        onProblem(`${file.path} has no usable key, and the last one stays in use: ${String(error)}`);
      });
  watchFile(file.path, { interval: file.everyMs ?? 5_000, persistent: false }, read);
  process.on('SIGHUP', read);
  return () => {
    unwatchFile(file.path, read);
    process.off('SIGHUP', read);
  };
}
