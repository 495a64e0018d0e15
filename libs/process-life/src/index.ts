export { type FirstKey, keepOperatorKey, operatorKeyLocation, operatorKeyNotShown } from './first-key.js';
export { type ReadyMessage, type RefusedMessage, type Running, runProcess, StartFailed } from './run-process.js';
