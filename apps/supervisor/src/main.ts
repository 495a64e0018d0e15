import { loadSettings, SettingInvalid } from '@postern/settings';
import { runProcess } from '@postern/process-life';
import { runProgram, serverCommand } from '@postern/terminal';
import { startServices } from './supervisor.js';

const MOST_INSTANCES = 8;
const STOP_TIMEOUT_MS = 90_000;

const program = serverCommand('postern services', 'Runs Postern as one process per service, behind one URL.')
  .option('--instances <number>', `how many processes of each service, 1 to ${MOST_INSTANCES}`, '1')
  .action(({ instances }: { instances: string }) =>
    runProcess(
      'Postern',
      (stopped) =>
        startServices(loadSettings(process.env), {
          stopped,
          instances: parseInstances(instances),
          environment: process.env,
          log: (line) => process.stdout.write(`${line}\n`),
        }),
      STOP_TIMEOUT_MS,
    ),
  );

function parseInstances(text: string): number {
  const instances = Number(text);
  if (Number.isInteger(instances) && instances >= 1 && instances <= MOST_INSTANCES) return instances;
  throw new SettingInvalid(`--instances must be a whole number from 1 to ${MOST_INSTANCES} (it is ${text}).`);
}

await runProgram(program);
