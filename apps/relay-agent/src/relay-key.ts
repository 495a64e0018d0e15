import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import type { RelayClient } from '@postern/relay-client';
import { readRelayKeyFile } from './settings.js';

/** By its time and size, and not by the system's notice: a secret that an orchestrator mounts is replaced by a link. */
const LOOK_EVERY_MS = 1_000;

/** Gives the client the key of the file whenever the file changes; a file without a key leaves the old one. Returns what ends that. */
export function followRelayKey(file: string, client: Pick<RelayClient, 'setKey'>, logger: Logger): () => void {
  const read = (): void => {
    try {
      client.setKey(readRelayKeyFile(file));
      logger.info({ file }, 'the relay key was read again');
    } catch (error) {
      logger.error({ err: error }, 'the relay key stays as it was');
    }
  };
  watchFile(file, { interval: LOOK_EVERY_MS }, read);
  return () => unwatchFile(file, read);
}
