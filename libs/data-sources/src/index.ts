export { dataSourceModule } from './data-source.module.js';
