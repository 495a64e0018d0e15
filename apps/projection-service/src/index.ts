export { PROJECTION_LIMITS } from './limits.js';
export { POLICY_PUBLISHER_LOCK } from './relay-policies/publish/publishing-session.js';
export { publication, publishAgain, type Publication } from './relay-policies/publish/publication.js';
export { problems } from './problems.js';
export { projectionSchema } from './schema/projection-schema.js';
export { ProjectionServiceModule } from './projection-service.module.js';
export { type StreamLimits } from './relay-policies/stream/stream-limits.js';
export { relayPoliciesModel } from './relay-policies/relay-policies-model.js';
export { directoryModel } from './smtp-user-directory/directory-model.js';
