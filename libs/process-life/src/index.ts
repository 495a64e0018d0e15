export { type FirstKey, keepOperatorKey, operatorKeyPlace, unshownOperatorKey } from './first-key.js';
export { type ReadyMessage, type RefusedMessage, type Running, runProcess, StartFailed } from './run-process.js';
