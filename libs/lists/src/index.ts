export { type CursorColumn, positionColumn, textColumn, timeColumn, uuidColumn } from './page.js';
export { DEFAULT_EXPORT_LIMITS, EXPORT_LIMITS, type ExportLimits } from './export-limits.js';
export { ListAnswersModule } from './list-answers.js';
export { type AnswerableList, ListAnswers } from './list-answers.js';
export { type Cursor, type PageRequest, bomField, pageFields, pageOf, pageRequest, pageUpTo } from './page.js';
export { PERIOD_NOT_IN_ORDER, periodFields, periodInOrder, timeField } from './period.js';
