import { describe, expect, it } from '@jest/globals';
import { nextPage } from './next-page.js';

describe('the page after signing in', () => {
  it('is the one that asked to sign in, with its filters', () =>
    expect(nextPage('/t/acme/denials?ip=203.0.113.9')).toBe('/t/acme/denials?ip=203.0.113.9'));
  it.each([
    ['there is none', undefined],
    ['it is another site', 'https://evil.example/'],
    ['it is another site by its path', '//evil.example/'],
    ['browsers read a backslash as a slash', '/\\evil.example/'],
    ['it runs a script', 'javascript:alert(1)'],
    ['it is the sign-in page again', '/sign-in?next=/sign-in'],
  ])('is the first one where %s', (_, next) => expect(nextPage(next)).toBe('/'));
});
