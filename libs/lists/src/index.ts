export {
  DEFAULT_EXPORT_LIMITS,
  EXPORT_LIMITS,
  type ExportLimits,
  ListAnswersModule,
  ListRoute,
} from './list-answers.js';
export { defineList, IN_ORDER, type ListDefinition, ListQuery, periodFields, readRows, ScopedQuery } from './list.js';
export {
  isPosition,
  isText,
  isTime,
  isUuid,
  type ListOrder,
  numberField,
  type PageParams,
  pageFields,
  pageOf,
} from './page.js';
