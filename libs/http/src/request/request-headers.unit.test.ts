import { describe, expect, it } from '@jest/globals';
import { preferredType } from './request-headers.js';

const acceptedType = (accept: string | undefined) =>
  preferredType(accept, ['application/json', 'application/x-ndjson', 'text/csv;header=present']).split(';')[0];

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

describe('the header Accept of a list', () => {
  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['text/*', 'text/csv'],
    ['text/csv', 'text/csv'],
    ['TEXT/CSV; header=present', 'text/csv'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['application/json, text/plain, */*', 'application/json'],
    ['text/csv, */*', 'text/csv'],
    ['text/csv, application/json', 'text/csv'],
    ['application/json;q=0.5, text/csv', 'text/csv'],
    ['application/json, text/csv;q=0.9', 'application/json'],
    ['text/csv;q=0.3, application/x-ndjson ; q=0.4', 'application/x-ndjson'],
    ['application/json;q=0, */*', 'application/x-ndjson'],
    ['application/*;q=0, */*;q=0.1', 'text/csv'],
    [BROWSER, 'application/json'],
  ])('%j asks for %s', (accept, type) => expect(acceptedType(accept)).toBe(type));

  it.each(['text/html', 'text/csv;q=0', 'application/json;q=0', ',;,', 'image/*'])(
    '%j can’t be met, and is answered in JSON',
    (accept) => expect(acceptedType(accept)).toBe('application/json'),
  );
});
