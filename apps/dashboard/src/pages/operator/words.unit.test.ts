import { describe, expect, it } from '@jest/globals';
import { behindInWords, bytesInWords, consumerInWords, processInWords, secondsInWords } from './words.js';

describe('how far a relay is behind', () => {
  it.each([
    [{ revision: null, behind: null }, 'no policies yet'],
    [{ revision: 7, behind: 0 }, 'up to date'],
    [{ revision: 7, behind: 1_200 }, '1,200 behind'],
  ])('%j is %s', (relay, words) => expect(behindInWords(relay)).toBe(words));
});

describe('the state of a process', () => {
  it.each([
    [{ state: 'ready', instance: 'a:1', missing: [] }, 'ready'],
    [{ state: 'not-seen', instance: null, missing: [] }, 'no process runs'],
    [{ state: 'not-seen', instance: 'a:1', missing: [] }, 'no report: it was killed, or cannot reach the database'],
    [
      { state: 'not-ready', instance: 'a:1', missing: [{ name: 'relay-policies', why: 'is catching up' }] },
      'not ready: relay-policies is catching up',
    ],
  ] as const)('%j is %s', ({ missing, ...state }, words) =>
    expect(processInWords({ ...state, missing: [...missing] })).toBe(words),
  );
});

describe('the state of a consumer', () => {
  it.each([
    [{ state: 'caught-up', reason: null }, 'up to date'],
    [{ state: 'catching-up', reason: null }, 'catching up'],
    [{ state: 'failing', reason: 'Kafka is away.' }, 'retries: Kafka is away.'],
    [{ state: 'halted', reason: 'No JSON.' }, 'halted, an operator must act: No JSON.'],
    [{ state: 'not-seen', reason: null }, 'no running process has it'],
  ] as const)('%j is %s', (state, words) => expect(consumerInWords(state)).toBe(words));
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [104_857_600, '104.9 MB'],
  [2e15, '2,000 TB'],
])('%d bytes are %s', (bytes, words) => expect(bytesInWords(bytes)).toBe(words));

it.each([
  [0.4, '0 s'],
  [59, '59 s'],
  [180, '3 min'],
  [7_200, '2 h'],
])('%d seconds are %s', (seconds, words) => expect(secondsInWords(seconds)).toBe(words));
