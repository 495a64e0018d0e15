export { Consumers } from './consumers.js';
export { createHttpApp } from './http-app.js';
export { ObserveModule } from './operation.controller.js';
export { GONE_AFTER_SECONDS, Presence, type ProcessReport } from './presence/presence.js';
export { CallingRelay, type Relay, RelayContacts, type RelayStream } from './presence/relay-contacts.js';
export {
  apiPage,
  listenAsSet,
  reportPresence,
  serviceModule,
  type ServiceParts,
  startService,
} from './start-service.js';
