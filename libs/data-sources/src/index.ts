import './listener-metrics.js';
export { dataSourceModule } from './data-source.module.js';
