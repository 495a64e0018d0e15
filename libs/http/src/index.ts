export { EventStream, type EventStreamLimits, hasCapacityFor, rawResponse, type StreamEnd } from './event-stream.js';
export { Described, type Documentation, Documented } from './openapi/documented.js';
export { RELAY_HEADERS } from './openapi/headers.js';
export { type JsonSchema, documentedAs } from './openapi/json-schema.js';
export { type MediaType, exported, json, ndjson, plainText, serverSentEvents } from './openapi/media-types.js';
export { serveDocuments } from './openapi/serve-documents.js';
export { oneOfSoFar, pageView, text, time, uuid, view, viewOf, integer } from './openapi/view.js';
export { databaseFailed, sqlState, violates } from './problem/database-problem.js';
export { ProblemFilter, problemOf, routeNotFound } from './problem/problem-filter.js';
export { type FieldProblem, Problem, PROBLEMS, type ProblemCode, type ProblemOptions } from './problem/problem.js';
export { addressField, rangeField } from './request/address-fields.js';
export { logRequests } from './request/access-log.js';
export { guardRequests } from './request/guard-requests.js';
export { hasBody, takeOnlyJson } from './request/json-body.js';
export {
  Caller,
  credentialOf,
  type Credential,
  type Principal,
  principalOf,
  type Session,
  SESSION_COOKIE,
  setPrincipal,
  Tenant,
} from './request/principal.js';
export { READ_DEADLINE_MS } from './request/read-deadline.js';
export {
  atLeastVersion,
  MIN_VERSION_WAIT_MS,
  MinVersion,
  preferredType,
  strongTags,
} from './request/request-headers.js';
export { Allow, LongBody, Public, type RouteRules, rulesOf } from './request/route-rules.js';
export { fieldCode, MAX_ERRORS, SchemaPipe, UnknownQuery } from './request/schema-pipe.js';
export { enforceAtSchema, entriesSchema, LONGEST_RANGE, modeSchema, timeField } from './request/body-fields.js';
export { requestIdOf, SERVER_LIMITS, SERVER_OPTIONS } from './request/server-limits.js';
export {
  callerAddress,
  callerScheme,
  isSameOrigin,
  MAX_HOPS,
  warnOfUntrustedForwarding,
} from './request/source-address.js';
export {
  decisionView,
  denialReasonView,
  entryView,
  modeView,
  reasonOfDenialView,
  reasonView,
  restrictionView,
  roleView,
  smtpUserView,
} from './views.js';
