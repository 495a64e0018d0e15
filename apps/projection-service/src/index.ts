export { PROJECTION_LIMITS } from './limits.js';
export { publication, publishAgain, type Publication } from './relay-policies/publish/publication.js';
export { problems } from './problems.js';
export { projectionSchema } from './schema/projection-schema.js';
export { ProjectionServiceModule } from './projection-service.module.js';
export { DEFAULT_STREAM_LIMITS, type StreamLimits } from './relay-policies/stream/stream-limits.js';
export { rebuildPolicies, type RebuildResult } from './relay-policies/rebuild/rebuild-policies.js';
export { relayPoliciesModel } from './relay-policies/rebuild/relay-policies-model.js';
export { directoryModel } from './smtp-user-directory/directory-model.js';
