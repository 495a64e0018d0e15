export { Consumers } from './consumers.js';
export { createHttpApp } from './http-app.js';
export { ObserveModule } from './operation.controller.js';
export { apiPage, busModules, listenAsSet, serviceModule, type ServiceParts, startService } from './start-service.js';
