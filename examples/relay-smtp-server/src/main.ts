/**
 * `POSTERN_URL=http://127.0.0.1:8025 POSTERN_RELAY_KEY=pst_relay_… RELAY_USERS=users.json node main.js`
 * Instead of the key, POSTERN_RELAY_KEY_FILE may name a file with the key. It is read again when it changes.
 * `RELAY_PROXIES=10.0.0.2,10.0.0.3`: load balancers. They must send a PROXY header of version 1.
 * `users.json`: {"app@acme.example": "a password"}.
 */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { followKeyFile, readKeyFile } from './key-file.js';
import { startRelay } from './start-relay.js';

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    console.error(
      `${name} is not set. Needed: POSTERN_URL, POSTERN_RELAY_KEY (or POSTERN_RELAY_KEY_FILE) and RELAY_USERS (a JSON file).`,
    );
    process.exit(2);
  }
  return value;
}

const url = required('POSTERN_URL');
const keyFile = process.env['POSTERN_RELAY_KEY_FILE'];
const host = process.env['RELAY_HOST'] ?? '127.0.0.1';
const relay = await startRelay({
  host,
  // Only for a container whose port is published on loopback, so that no password crosses a network.
  cleartext: process.env['RELAY_CLEARTEXT'] === 'allowed' ? 'allowed' : undefined,
  port: Number(process.env['RELAY_PORT'] ?? 2525),
  postern: { url, key: keyFile ? await readKeyFile(keyFile) : required('POSTERN_RELAY_KEY') },
  proxies: process.env['RELAY_PROXIES']?.split(',').map((address) => address.trim()) ?? [],
  relayName: process.env['RELAY_NAME'] ?? hostname(),
  users: JSON.parse(await readFile(required('RELAY_USERS'), 'utf8')) as Record<string, string>,
  client: { onProblem: ({ code, detail }) => console.error(`${code}: ${detail}`) },
});
if (keyFile) followKeyFile(keyFile, relay.setKey);
console.log(`Relay on smtp://${host}:${relay.port}`);

const end = (): void => void relay.close().then(() => process.exit(0));
process.once('SIGTERM', end);
process.once('SIGINT', end);
