import { describe, expect, it } from '@jest/globals';
import { countColons, hasMoreMembers } from './json-members.js';

describe('the members of a JSON text', () => {
  it.each([
    ['elements', '[1,2,3,4,5]', 5],
    ['objects in a list', '[{},{},{}]', 6],
    ['members', '{"a":1,"b":2,"c":3}', 3],
    ['depth', '[[[[[[[]]]]]]]', 7],
    ['what follows a string with quotation marks', String.raw`["a\",[{,","\\",1]`, 3],
    ['a string without an end', '[1,"a,b,c', 2],
  ])('are counted: %s', (_, json, count) => {
    expect([hasMoreMembers(json, count), hasMoreMembers(json, count - 1)]).toEqual([false, true]);
  });

  it('are none within a string', () => {
    expect(hasMoreMembers(JSON.stringify([`${'[{,'.repeat(1_000)}\\"`]), 1)).toBe(false);
  });

  it.each([
    [String.raw`{"a":":","b\"":{"c\\":[{"d":1}]}}`, 4],
    [String.raw`{"\\\\\"::\\":":\\","a":"\\\\"}`, 2],
    ['{"a":1,"a":2}', 2],
    ['[]', 0],
  ])('are as many as its colons outside strings: %s', (json, colons) => expect(countColons(json)).toBe(colons));
});
