import 'reflect-metadata';
import { DEFAULT_PORT, runProcess } from '@postern/service-kit';
import { startPostern } from './postern.js';

runProcess('Postern', DEFAULT_PORT, startPostern);
