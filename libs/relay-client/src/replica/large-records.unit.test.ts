import { expect, it } from '@jest/globals';
import { LargeRecords } from './large-records.js';

it('large records are refused when all references are used, and stored again after one is released', () => {
  const records = new LargeRecords(1);
  const record = new Uint32Array(5_000).fill(7);
  const references: number[] = [];
  expect(() => {
    for (;;) references.push(records.store(record, 0, record.length));
  }).toThrow('more than 16 GiB');
  expect(new Set(references).size).toBe(references.length);
  records.release(references[3] as number, record.length);
  expect(records.store(record, 0, record.length)).toBe(references[3]);
});
