import 'reflect-metadata';
import { loadSettings, SettingInvalid } from '@postern/service-kit';
import { startPostern, type Postern } from './postern.js';

/** How long a stop may take before the process ends anyway. */
const STOP_TIMEOUT_MS = 30_000;

let stopping = false;
let postern: Postern | undefined;

process.on('SIGINT', () => void stop('SIGINT'));
process.on('SIGTERM', () => void stop('SIGTERM'));

try {
  console.log('Postern starts …');
  postern = await startPostern(loadSettings(process.env));
  if (stopping) await end(postern);
  else greet(postern);
} catch (error) {
  console.error(message(error));
  process.exit(1);
}

function greet({ url, operatorKey, operatorKeyFile }: Postern): void {
  const key = operatorKey ?? '$(cat <data>/operator-key)';
  console.log(`Postern is ready at ${url}`);
  if (operatorKey !== null) {
    console.log(`\nThe operator key, shown this once (and kept in ${operatorKeyFile}):\n\n  ${operatorKey}`);
    console.log(`\nNext, make a tenant:\n\n  curl -X POST ${url}/v1/tenants \\`);
    console.log(`    -H 'Authorization: Bearer ${key}' \\`);
    console.log(`    -H 'Content-Type: application/json' -d '{"id":"acme","name":"Acme Ltd"}'\n`);
  }
  console.log('Ctrl-C ends it.');
}

async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  console.log(`\n${signal}: Postern stops …`);
  // Before the start is through, the code above sees `stopping` and ends it.
  if (postern) await end(postern);
}

async function end(running: Postern): Promise<void> {
  setTimeout(() => {
    console.error(`Postern did not stop within ${STOP_TIMEOUT_MS / 1000} s and is ended.`);
    process.exit(1);
  }, STOP_TIMEOUT_MS).unref();
  try {
    await running.stop();
    console.log('Postern has stopped.');
    process.exit(0);
  } catch (error) {
    console.error(message(error));
    process.exit(1);
  }
}

/** A bad setting or a known trouble is one clear line; what nobody foresaw keeps its stack. */
function message(error: unknown): string {
  if (error instanceof SettingInvalid) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
