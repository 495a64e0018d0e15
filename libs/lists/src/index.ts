export { DEFAULT_EXPORT_LIMITS, EXPORT_LIMITS, type ExportLimits } from './export-limits.js';
export { ListAnswersModule, ListRoute } from './list-answers.js';
export { defineList, type ListDefinition, ListQuery, readRows } from './list.js';
export { isPosition, isText, isTime, isUuid, type ListOrder, type PageParams, pageFields, pageOf } from './page.js';
export { periodFields } from './period.js';
