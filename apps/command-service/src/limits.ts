import { MAX_DENIALS_PER_REPORT } from '@postern/contracts';
import { LONGEST_RANGE } from '@postern/http';
import { MAX_ENTRIES, MAX_NOTE_LENGTH } from '@postern/restrictions';
import { ANSWER_LIFE_HOURS } from './expired-rows.js';
import { LONGEST_RELAY, MAX_COUNT } from './relay/denial-item.js';
import { LONGEST_TEXT } from './relay/relay.controller.js';
import { MAX_REPORTS_IN_JOURNAL } from './relay/report-denials.js';
import { LONGEST_SECRET } from './session/session.controller.js';
import { LINK_MINUTES, MAX_LINKS_OF_ONE_KEY, MAX_SESSIONS_OF_ONE_KEY } from './session/sessions.js';
import { MAX_WRITES_OF_ONE_USER } from './smtp-user/change-smtp-user.js';
import { MAX_ACCEPTED_ADDRESSES, MAX_NAMED_ADDRESSES, SOURCES_DEADLINE_MS } from './smtp-user/lockout-guard.js';
import { LONGEST_NAME } from './tenant/tenants.js';
import { MAX_REPEATS, WRITE_DEADLINE_MS } from './write/writes.js';

/** For docs/limits.md. Lengths in UTF-16 units. */
export const COMMAND_LIMITS = {
  entries: MAX_ENTRIES,
  noteLength: MAX_NOTE_LENGTH,
  rangeLength: LONGEST_RANGE,
  nameLength: LONGEST_NAME,
  denialsPerReport: MAX_DENIALS_PER_REPORT,
  denialCount: MAX_COUNT,
  relayNameLength: LONGEST_RELAY,
  decisionTextLength: LONGEST_TEXT,
  deadlineMs: WRITE_DEADLINE_MS,
  answerLifeHours: ANSWER_LIFE_HOURS,
  repeats: MAX_REPEATS,
  writesOfOneUser: MAX_WRITES_OF_ONE_USER,
  secretLength: LONGEST_SECRET,
  sessionsOfOneKey: MAX_SESSIONS_OF_ONE_KEY,
  linksOfOneKey: MAX_LINKS_OF_ONE_KEY,
  linkMinutes: LINK_MINUTES,
  guardMs: SOURCES_DEADLINE_MS,
  addressesAtRisk: MAX_NAMED_ADDRESSES,
  addressesToAccept: MAX_ACCEPTED_ADDRESSES,
  reportsInJournal: MAX_REPORTS_IN_JOURNAL,
} as const;
