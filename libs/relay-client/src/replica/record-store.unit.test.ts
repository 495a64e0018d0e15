import { expect, it } from '@jest/globals';
import { RecordStore } from './record-store.js';
import { freePlace } from './record.js';

it('records are refused when all references are used, and added again after one is removed', () => {
  const records = new RecordStore(1);
  const record = new Uint32Array(5_000);
  record[0] = freePlace(record.length);
  const references: number[] = [];
  expect(() => {
    for (;;) references.push(records.add(record, record.length));
  }).toThrow('more than 16 GiB');
  expect(new Set(references).size).toBe(references.length);
  records.remove(references[3] as number);
  expect(records.add(record, record.length)).toBe(references[3]);
});
