import { loadSettings } from '@postern/settings';
import { runProcess } from '@postern/process-life';
import { runProgram, serverCommand, wholeNumber } from '@postern/terminal';
import { startServices } from './supervisor.js';

const MOST_INSTANCES = 8;
const STOP_TIMEOUT_MS = 90_000;

const program = serverCommand('postern services', 'Runs Postern as one process per service, behind one URL.')
  .option(
    '--instances <number>',
    `how many processes of each service, 1 to ${MOST_INSTANCES}`,
    wholeNumber(1, MOST_INSTANCES),
    1,
  )
  .action(({ instances }: { instances: number }) =>
    runProcess(
      'Postern',
      (stopped) =>
        startServices(loadSettings(process.env), {
          stopped,
          instances,
          environment: process.env,
          log: (line) => process.stdout.write(`${line}\n`),
        }),
      STOP_TIMEOUT_MS,
    ),
  );

await runProgram(program);
