import 'reflect-metadata';
import { loadSettings } from '@postern/settings';
import { runProcess } from '@postern/process-life';
import { startPostern } from './postern.js';

runProcess('Postern', () => startPostern(loadSettings(process.env)));
