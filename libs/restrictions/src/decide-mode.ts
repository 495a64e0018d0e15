import type { SmtpUserEvent } from '@postern/contracts';
import type { ChangeMode } from './commands.js';
import { requireRegistered } from './state.js';
import type { SmtpUserState } from './state.js';

/** Also on an unrestricted user: so that `report-only` is there before the first entry. */
export function changeMode(command: ChangeMode, state: SmtpUserState): SmtpUserEvent[] {
  const { mode: previousMode } = requireRegistered(state);
  const { mode } = command;
  return mode === previousMode ? [] : [{ type: 'RestrictionModeChanged', data: { mode, previousMode } }];
}

/** Opens the user to the world, and its mode falls back to `enforce`. */
export function clearRestriction(state: SmtpUserState): SmtpUserEvent[] {
  return requireRegistered(state).restricted ? [{ type: 'RestrictionCleared', data: {} }] : [];
}
