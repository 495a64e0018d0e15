export { PROJECTION_LIMITS } from './limits.js';
export { projectionSchema } from './schema/projection-schema.js';
export { ProjectionServiceModule } from './projection-service.module.js';
export { type StreamLimits } from './relay-policies/stream/stream-limits.js';
export { relayPoliciesModel } from './relay-policies/relay-policies-model.js';
