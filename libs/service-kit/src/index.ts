export { bearerToken } from './access/bearer-token.js';
export { Allow, LongBody, Public } from './access/route-rules.js';
export { AccessModule } from './access/access.module.js';
export { accessSchema } from './access/access-schema.js';
export { type Principal } from './access/api-key-directory.js';
export { KeyWatch } from './access/key-watch.js';
export { hashApiKey, matchesHash, newApiKey, parseApiKey } from './access/api-key.js';
export { busModules } from './event-bus/event-bus.module.js';
export { dataSourceModule } from './database/data-source.module.js';
export { positionColumn, textColumn, timeColumn, uuidColumn, type CursorColumn } from './http/cursor-columns.js';
export { EXPORT_LIMITS, type ExportLimits } from './export/export-limits.js';
export { ListAnswers, type AnswerableList } from './export/list-answers.js';
export { ListAnswersModule } from './export/list-answers.module.js';
export { guardRequests } from './http/guard-requests.js';
export { createHttpApp } from './http/http-app.js';
export type { IdempotencyClaim } from './http/idempotency-claim.js';
export {
  bomField,
  pageFields,
  pageOf,
  pageRequest,
  pageUpTo,
  type Cursor,
  type Page,
  type PageRequest,
} from './http/page.js';
export { Caller, Context, eventMetadata, Tenant, type RequestContext } from './http/request-context.js';
export { routesOf, type Route } from './http/routes.js';
export { requestIdOf } from './http/request-id.js';
export { boundConnections, SERVER_LIMITS, SERVER_OPTIONS } from './http/server-limits.js';
export { warnOfUntrustedForwarding } from './http/untrusted-forwarding.js';
export { strongTags } from './http/strong-tags.js';
export { fieldCode } from './http/schema-pipe.js';
export { callerAddress } from './http/source-address.js';
export { countLimited, type Limit } from './limits/limit-metrics.js';
export { SERVICE_LIMITS } from './limits/service-limits.js';
export { PERIOD_NOT_IN_ORDER, periodFields, periodInOrder, timeField } from './http/time-field.js';
export { Readiness, type ReadinessCheck } from './observe/health.js';
export { observeHalted } from './observe/halted-partitions.js';
export { observeLag, type Lag } from './observe/feed-lag.js';
export { createLogger, NestLogger } from './observe/logger.js';
export { logRequests } from './observe/access-log.js';
export { collectProcessMetrics, DELAY_BUCKETS, metrics } from './observe/metrics.js';
export { BUILD, type Build } from './observe/build.js';
export { prefersPage, STARTING_PAGE, STARTING_PAGE_POLICY, STARTING_POINT } from './observe/starting-point.js';
export { ObserveModule } from './observe/observe.module.js';
export { keepOperatorKey, operatorKeyPlace, unshownOperatorKey, type FirstKey } from './process/first-key.js';
export { listenAsSet } from './process/listen.js';
export { runProcess, runTask, type ReadyMessage, type RefusedMessage, type Running } from './process/run-process.js';
export { StartFailed } from './process/start-failed.js';
export { serviceModule, startService, type ServiceParts } from './process/start-service.js';
export { PROBLEMS, type ProblemCode } from './problem/catalogue.js';
export { ProblemFilter, type ProblemTranslator } from './problem/problem-filter.js';
export { databaseProblem } from './problem/database-problem.js';
export { Problem, type FieldProblem, type ProblemOptions } from './problem/problem.js';
export { sqlState, violates } from './problem/sql-state.js';
export { Documented, type Documentation } from './openapi/documented.js';
export { documentedAs, type JsonSchema } from './openapi/json-schema.js';
export {
  exported,
  json,
  ndjson,
  plainText as plainTextAnswer,
  serverSentEvents,
  type MediaType,
} from './openapi/media-types.js';
export { openApiDocument } from './openapi/open-api-document.js';
export { oneOf, oneOfSoFar, pageView, text, time, uuid, view, whole } from './openapi/view.js';
export { SETTINGS, SettingsModule, type RuntimeSettings } from './settings/settings.module.js';
export { decisionView, denialReasonView, reasonView, roleView } from './views/login-views.js';
export { entryView, modeView, restrictionView, smtpUserView } from './views/restriction-views.js';
export { openDataFolder } from './settings/data-folder.js';
export { SettingInvalid } from './settings/setting-invalid.js';
export { DEFAULT_PORT, loadSettings, type Settings } from './settings/settings.js';
