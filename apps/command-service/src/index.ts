export { ensureFirstOperatorKey, firstOperator, OperatorKeyUnusable } from './api-key/first-operator-key.js';
export { CommandServiceModule } from './command-service.module.js';
export { COMMAND_LIMITS } from './limits.js';
export { firstSignInPath } from './session/sessions.js';
