export { accessAt, decideAccess, refusedBy, type AccessPolicy } from './access.js';
export type { CommandContext, SmtpUserCommand, WantedEntry } from './commands.js';
export { decide } from './decide.js';
export { isLive, MAX_ENTRIES, MAX_NOTE_LENGTH } from './entry.js';
export { nearestEntry } from './nearest-entry.js';
export { DomainRefusal } from './refusal.js';
export { evolve, initialState, requireRegistered, type RegisteredSmtpUser, type SmtpUserState } from './state.js';
export * from './view.js';
export { EXPIRES_SOON_MS, type Warning, type WarningCode } from './warnings.js';
