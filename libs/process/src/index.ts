export { Consumers } from './consumers.js';
export { type FirstKey, keepOperatorKey, operatorKeyPlace, unshownOperatorKey } from './first-key.js';
export { createHttpApp } from './http-app.js';
export { listenAsSet } from './start-service.js';
export { ObserveModule } from './health.controller.js';
export { type ReadyMessage, type RefusedMessage, type Running, runProcess, StartFailed } from './run-process.js';
export { SERVICE_LIMITS } from './service-limits.js';

export { busModules, serviceModule, type ServiceParts, startService } from './start-service.js';
