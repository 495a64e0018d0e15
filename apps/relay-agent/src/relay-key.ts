import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import type { RelayClient } from '@postern/relay-client';
import { readRelayKeyFile } from './settings.js';

/** By time and size, not by file events: orchestrators replace a mounted secret through a link. */
const LOOK_EVERY_MS = 1_000;

/** A file without a key is ignored. Returns a stop function. */
export function followRelayKey(file: string, client: Pick<RelayClient, 'setKey'>, logger: Logger): () => void {
  const read = (): void => {
    try {
      client.setKey(readRelayKeyFile(file));
      logger.info({ file }, 'the relay key was read again');
    } catch (error) {
      logger.error({ err: error }, 'the new relay key cannot be read; the old one stays in use');
    }
  };
  watchFile(file, { interval: LOOK_EVERY_MS }, read);
  return () => unwatchFile(file, read);
}
