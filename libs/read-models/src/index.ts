export { categoriesOf } from './beside.js';
export {
  isEqual,
  type Compared,
  type Comparison,
  type Difference,
  type LiveConsumer,
  type ModelDatabases,
  type ModelTable,
  type ReadModel,
  type Rebuildable,
  type RebuildOptions,
  type RowsDigest,
} from './read-model.js';
export { firstNotApplied } from './first-not-applied.js';
export { assertPartitions, loadLivePlace, type LivePlace } from './live-place.js';
export { tableModel } from './table-model.js';
