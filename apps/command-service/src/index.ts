export { OperatorKeyUnusable } from './api-key/ensure-first-operator-key/first-operator-key.js';
export { ensureFirstOperatorKey } from './api-key/ensure-first-operator-key/ensure-first-operator-key.js';
export { CommandServiceModule } from './command-service.module.js';
export { COMMAND_LIMITS } from './limits.js';
export { problems } from './problems/problems.js';
