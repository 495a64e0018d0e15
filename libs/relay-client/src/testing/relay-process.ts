/**
 * A relay in a process of its own, to be killed. Arguments: URL, key, data folder. Each line of its input, an address, is a login of
 * app@acme.example, which it answers by the line `answered <ip>` once the check has; `status` prints its status as JSON.
 */
import { createInterface } from 'node:readline';
import { RelayClient } from '../relay-client.js';

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const [url = '', key = '', dataDir = ''] = process.argv.slice(2);
const relay = new RelayClient({
  urls: [url],
  key,
  relayName: 'mx1',
  dataDir,
  flushIntervalMs: 20,
  retryMaxMs: 50,
  foldWindowMs: 300,
  onProblem: ({ code }) => print(`problem ${code}`),
});
await relay.start();
print('started');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'status') print(JSON.stringify(relay.status()));
  else void relay.check('app@acme.example', line).then(() => print(`answered ${line}`));
}
await relay.stop();
