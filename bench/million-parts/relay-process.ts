/** A relay of its own process: prints how long it took from its start to its first decision, in milliseconds. Arguments: URL, key. */
import { RelayClient } from '@postern/relay-client';

const [url = '', key = ''] = process.argv.slice(2);
const relay = new RelayClient({ urls: [url], key, relayName: 'bench', startWithinMs: 600_000 });
const started = performance.now();
await relay.start();
const ready = performance.now() - started;
if (relay.status().policies === 0) throw new Error('The relay has no policies.');
process.stdout.write(`${ready}\n`, () => process.exit(0));
