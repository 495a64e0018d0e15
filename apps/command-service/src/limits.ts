import { MAX_DENIALS_PER_REPORT } from '@postern/contracts';
import { MAX_ENTRIES, MAX_NOTE_LENGTH } from '@postern/restrictions';
import { COMMAND_DEADLINE_MS } from './dispatch/dispatcher.js';
import { ANSWER_LIFE_HOURS } from './idempotency/kept-answers.js';
import { REPEAT_WAIT_MS } from './idempotency/repeats.js';
import { LONGEST_TEXT } from './relay/decide-login/decide-login.controller.js';
import { LONGEST_RELAY, MAX_COUNT } from './relay/report-denials/denial-item.js';
import { MAX_DENIAL_APPENDS } from './relay/report-denials/report-denials.handler.js';
import { LONGEST_RANGE } from './restriction/entries-schema.js';
import { MAX_WRITES_OF_ONE_USER } from './smtp-user/smtp-user-writes.js';
import { LONGEST_NAME } from './tenant/tenants.js';

/** What bounds the write side, for docs/limits.md. Lengths in UTF-16 units. */
export const COMMAND_LIMITS = {
  entries: MAX_ENTRIES,
  noteLength: MAX_NOTE_LENGTH,
  rangeLength: LONGEST_RANGE,
  nameLength: LONGEST_NAME,
  denialsPerReport: MAX_DENIALS_PER_REPORT,
  denialCount: MAX_COUNT,
  relayNameLength: LONGEST_RELAY,
  decisionTextLength: LONGEST_TEXT,
  deadlineMs: COMMAND_DEADLINE_MS,
  answerLifeHours: ANSWER_LIFE_HOURS,
  repeatWaitMs: REPEAT_WAIT_MS,
  writesOfOneUser: MAX_WRITES_OF_ONE_USER,
  denialAppendsAtOnce: MAX_DENIAL_APPENDS,
} as const;
