export { categoriesOf, isEqual, type Comparison, type ReadModel, type Rebuilding, type Report } from './read-model.js';
export { rebuild, type Rebuilt } from './rebuild.js';
export { verify } from './verify.js';
