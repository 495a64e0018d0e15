import 'reflect-metadata';
import { loadSettings } from '@postern/settings';
import { runProcess } from '@postern/process-life';
import { runServer } from '@postern/terminal';
import { startPostern } from './postern.js';

await runServer('postern start', 'Runs all of Postern in one process.', () =>
  runProcess('Postern', () => startPostern(loadSettings(process.env))),
);
