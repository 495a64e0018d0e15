export { lookAgain, REBUILD_PATIENCE_MS, VERIFY_PATIENCE_MS, type MovingRow } from './look-again.js';
export {
  categoriesOf,
  isEqual,
  type Compared,
  type Comparison,
  type Difference,
  type ModelDatabases,
  type ModelTable,
  type ReadModel,
  type Rebuildable,
  type RebuildOptions,
} from './read-model.js';
export { tableModel } from './table-model.js';
