import { describe, expect, it } from '@jest/globals';
import { RequestRefused, failureText, usageFailure } from './failure.js';

const PROBLEM = {
  title: 'The request is not valid',
  status: 422,
  detail: '/entries/1/range: no.',
  code: 'validation-failed',
  requestId: 'request-1',
  errors: [
    {
      pointer: '/entries/1/range',
      code: 'range-invalid',
      detail: 'leading zeros.',
      suggestions: ['10.0.0.1', '8.0.0.1'],
    },
    { pointer: '?limit', code: 'validation-failed', detail: 'Give a whole number.', suggestions: [] },
  ],
};

describe('a failure', () => {
  it('is reported with each field, what was meant, and the request', () => {
    expect(failureText(new RequestRefused(PROBLEM, 422), false)).toBe(
      [
        'postern: The request is not valid (validation-failed, HTTP 422)',
        '  /entries/1/range: leading zeros.',
        '    Did you mean 10.0.0.1 or 8.0.0.1?',
        '  ?limit: Give a whole number.',
        '  Request: request-1',
      ].join('\n'),
    );
  });

  it('without fields is reported by its detail, with what helps', () => {
    const problem = { title: 'Last entry', code: 'last-entry', detail: 'It is the last one.', requestId: 'request-2' };
    expect(failureText(new RequestRefused(problem, 409), false)).toBe(
      [
        'postern: Last entry (last-entry, HTTP 409)',
        '  It is the last one.',
        '  `postern clear` opens the SMTP user to every address; `postern restrict` replaces the list.',
        '  Request: request-2',
      ].join('\n'),
    );
  });

  it('for scripts is the problem itself', () => {
    expect(JSON.parse(failureText(new RequestRefused(PROBLEM, 422), true))).toEqual(PROBLEM);
    expect(JSON.parse(failureText(usageFailure('Which tenant?'), true))).toEqual({ title: 'Which tenant?' });
  });

  it('ends with 3 where Postern refused, and with 4 where it is only busy or broken', () => {
    const codes = [400, 404, 412, 429, 500, 503].map((status) => new RequestRefused({}, status).exitCode);
    expect(codes).toEqual([3, 3, 3, 4, 4, 4]);
  });
});
