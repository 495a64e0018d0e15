import 'reflect-metadata';
import { DEFAULT_PORT } from '@postern/settings';
import { runProcess } from '@postern/process';
import { startPostern } from './postern.js';

runProcess('Postern', DEFAULT_PORT, startPostern);
