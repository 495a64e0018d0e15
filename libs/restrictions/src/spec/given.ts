import type { SmtpUserEvent } from '@postern/contracts';
import type { SmtpUserCommand } from '../commands.js';
import { decide } from '../decide.js';
import { evolve } from '../evolve.js';
import { DomainRefusal } from '../refusal.js';
import { initialState, type SmtpUserState } from '../state.js';
import { ACTOR, NOW } from './samples.js';

/** What came of a command: the events that happened, or the refusal. */
export type Outcome = { readonly happened: readonly SmtpUserEvent[] } | { readonly refused: DomainRefusal };

/** `expect(given(registered).when(addEntries({ range: '203.0.113.42' }))).toEqual({ happened: [...] })` */
export function given(...events: readonly SmtpUserEvent[]): {
  readonly state: SmtpUserState;
  when(command: SmtpUserCommand, now?: Date): Outcome;
} {
  const state = events.reduce<SmtpUserState>(evolve, initialState());
  return { state, when: (command, now = NOW) => outcome(command, state, now) };
}

function outcome(command: SmtpUserCommand, state: SmtpUserState, now: Date): Outcome {
  let ids = 0;
  try {
    return { happened: decide(command, state, { now, actorName: ACTOR, newId: () => `new-${++ids}` }) };
  } catch (error) {
    if (error instanceof DomainRefusal) return { refused: error };
    throw error;
  }
}
