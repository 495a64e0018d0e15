import { userInfo } from 'node:os';
import type { Column } from '@postern/terminal';
import {
  DeadLetter,
  discardDeadLetter,
  findDeadLetter,
  listDeadLetters,
  readableLetter,
} from '../../../audit-trail-service/src/dead-letters/dead-letters.js';
import { retryDeadLetter, type Retried } from '../../../audit-trail-service/src/dead-letters/retry-dead-letter.js';
import { asRole } from '../open-database.js';
import type { Surroundings } from '../operator-command.js';

const MAX_LETTERS = 1_000;

/** @param url the owner's, also below */
export function list(url: string, { output, report }: Surroundings, all: boolean): Promise<void> {
  return asRole(url, 'postern_audit', ENTITIES, async (audit) => {
    const items = await listDeadLetters(audit, all ? 'all' : 'waiting', { limit: MAX_LETTERS });
    if (output.json || items.length > 0) output.answer({ items }, () => output.table(COLUMNS, items));
    if (items.length === 0) report('There is no dead letter.');
    if (items.length === MAX_LETTERS) report(`These are the ${MAX_LETTERS} oldest; there may be more.`);
  });
}

const ENTITIES = [DeadLetter];

const COLUMNS: readonly Column<DeadLetter>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'SINCE', value: ({ deadLetteredAt }) => deadLetteredAt },
  {
    title: 'FROM',
    value: ({ topic, partition, offset }) => (partition === null ? topic : `${topic}/${partition}@${offset}`),
  },
  { title: 'TENANT', value: ({ tenantId }) => tenantId ?? '-' },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'RETRIES', value: ({ retries }) => String(retries) },
  { title: 'REASON', value: ({ reason }) => reason },
];

export async function show(url: string, { output, report }: Surroundings, id: string): Promise<void> {
  const letter = await asRole(url, 'postern_audit', ENTITIES, (audit) => findDeadLetter(audit, id));
  if (!letter) {
    process.exitCode = 1;
    return report(`There is no dead letter ${id}: see postern dead-letters list --all`);
  }
  output.line(JSON.stringify(readableLetter(letter), null, 2));
}

/** Without ids: all that wait. Exit code 1 if one is still not recorded. */
export function retry(url: string, { output, report }: Surroundings, ids: readonly string[]): Promise<void> {
  return asRole(url, 'postern_audit', ENTITIES, async (audit) => {
    const waiting = ids.length > 0 ? [] : await listDeadLetters(audit, 'waiting', { limit: MAX_LETTERS });
    const items: ({ readonly id: string } & Retried)[] = [];
    for (const id of new Set(ids.length > 0 ? ids : waiting.map((letter) => letter.id))) {
      const result = await retryDeadLetter(audit, id, onBehalf());
      items.push({ id, ...result });
      if (!output.json) output.line(`${id}  ${outcomeOf(result)}`);
    }
    if (output.json) output.answer({ items }, String);
    if (items.some(({ outcome }) => outcome === 'unreadable' || outcome === 'not-waiting')) process.exitCode = 1;
    if (items.length === 0) report('There is no dead letter that waits.');
    if (items.length === MAX_LETTERS) report('There may be more: run it again.');
  });
}

function outcomeOf(retried: Retried): string {
  switch (retried.outcome) {
    case 'recorded':
      return 'is recorded now';
    case 'known':
      return 'was already recorded, and is not counted again';
    case 'unreadable':
      return `still cannot be read: ${retried.reason}`;
    case 'not-waiting':
      return 'does not wait: see postern dead-letters list --all';
  }
}

export function discard(url: string, { output }: Surroundings, ids: readonly string[]): Promise<void> {
  return asRole(url, 'postern_audit', ENTITIES, async (audit) => {
    const items: { readonly id: string; readonly outcome: 'discarded' | 'not-waiting' }[] = [];
    for (const id of new Set(ids)) {
      const outcome = (await discardDeadLetter(audit, id, onBehalf())) ? 'discarded' : 'not-waiting';
      items.push({ id, outcome });
      if (outcome === 'not-waiting') process.exitCode = 1;
      if (!output.json) output.line(`${id}  ${outcome === 'discarded' ? 'is discarded' : 'does not wait'}`);
    }
    if (output.json) output.answer({ items }, String);
  });
}

const onBehalf = () => ({ actor: null, requestId: null, machineUser: userInfo().username });
