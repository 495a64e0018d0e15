import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { PROBLEMS } from '@postern/http';

describe('docs/problems.md', () => {
  it('has every problem code once, with its status', async () => {
    const page = await readFile(new URL('../../../docs/problems.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) +\|/gm)].map(([, code, status]) => `${code} ${status}`);
    const codes = Object.entries(PROBLEMS).map(([code, [status]]) => `${code} ${status}`);
    expect(rows.toSorted()).toEqual(codes.toSorted());
  });
});
