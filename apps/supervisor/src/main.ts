import { parseArgs } from 'node:util';
import { loadSettings, SettingInvalid } from '@postern/settings';
import { runProcess } from '@postern/process-life';
import { startServices } from './supervisor.js';

const MOST_INSTANCES = 8;
/** The proxy and the services may each take half a minute. */
const STOP_TIMEOUT_MS = 90_000;

runProcess(
  'Postern',
  (stopped) =>
    startServices(loadSettings(process.env), {
      stopped,
      instances: instancesAsked(process.argv.slice(2)),
      environment: process.env,
      log: (line) => process.stdout.write(`${line}\n`),
    }),
  STOP_TIMEOUT_MS,
);

function instancesAsked(args: string[]): number {
  const asked = optionsOf(args);
  const instances = Number(asked);
  if (Number.isInteger(instances) && instances >= 1 && instances <= MOST_INSTANCES) return instances;
  throw new SettingInvalid(`--instances must be a whole number from 1 to ${MOST_INSTANCES} (it is ${asked}).`);
}

function optionsOf(args: string[]): string {
  try {
    return parseArgs({ args, options: { instances: { type: 'string', default: '1' } } }).values.instances;
  } catch (error) {
    throw new SettingInvalid(`${error instanceof Error ? error.message : error}. There is --instances <number>.`);
  }
}
