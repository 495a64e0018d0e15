/**
 * A relay of its own process. Arguments: URL, key, data folder. Prints as JSON how long it took to its first decision, its resident memory a
 * second later, how long the policies take to be kept, and the longest delay of the event loop meanwhile.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { RelayClient } from '@postern/relay-client';

const [url = '', key = '', dataDir = ''] = process.argv.slice(2);
const relay = new RelayClient({ urls: [url], key, relayName: 'bench', startWithinMs: 60_000, dataDir });
const started = performance.now();
await relay.start();
const readyMs = performance.now() - started;
const { policies } = relay.status();
if (policies === 0) throw new Error('The relay has no policies.');
// What the start leaves to be collected does not count.
await setTimeout(1_000);
const residentMb = process.memoryUsage.rss() / 1e6;

const delays = monitorEventLoopDelay({ resolution: 1 });
await setTimeout(200);
delays.enable();
const saving = performance.now();
// At a stop the policies are kept in any case.
await relay.stop(0);
const saveMs = performance.now() - saving;
delays.disable();
process.stdout.write(`${JSON.stringify({ readyMs, residentMb, saveMs, saveDelayMs: delays.max / 1e6, policies })}\n`);
