export { Consumers } from './consumers.js';
export { type FirstKey, keepOperatorKey, operatorKeyPlace, unshownOperatorKey } from './first-key.js';
export { createHttpApp } from './http-app.js';
export { ObserveModule } from './operation.controller.js';
export { type ReadyMessage, type RefusedMessage, type Running, runProcess, StartFailed } from './run-process.js';
export { busModules, listenAsSet, serviceModule, type ServiceParts, startService } from './start-service.js';
